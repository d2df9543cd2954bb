import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { helmPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import type { Ran } from './kubectl.ts'

export const chart = 'deploy/helm/receiver-hooks'
/** The chart renders nothing without the registry of its image. */
export const withImage: readonly string[] = ['--set', 'image.registry=docker.io/library']

/** Runs helm to its end. Its output is the answer, also an error. */
export const helm = async (...args: readonly string[]): Promise<Ran> => {
  const path = await provide(helmPart, 'helm', process.env, () => undefined)
  try {
    return { code: 0, ...(await promisify(execFile)(path, args, { maxBuffer: 1 << 26 })) }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error && 'stdout' in error)) throw error
    return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) }
  }
}
