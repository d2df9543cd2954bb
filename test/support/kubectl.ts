import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { kubectlPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'

/** Returns the path of kubectl 1.36. Provided once; safe when several do it at a time. */
export const kubectlPath = (): Promise<string> => provide(kubectlPart, 'kubectl', process.env, () => undefined)

/** kubectl keeps there what it has discovered of API servers. */
const home = join(import.meta.dirname, '../../node_modules/.cache/kubectl')

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs kubectl to its end. Its output is the answer, also an error. `stdin` is for `-f -`. */
export const kubectl = async (kubeconfig: string, args: readonly string[], stdin = ''): Promise<Ran> => {
  const environment = { KUBECONFIG: kubeconfig, HOME: home, PATH: process.env['PATH'] ?? '' }
  const child = spawn(await kubectlPath(), args, { env: environment })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  child.stdin.on('error', () => undefined).end(stdin)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', status => resolve(status ?? -1))
  })
  return { code, ...output }
}
