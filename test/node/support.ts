import { spawn } from 'node:child_process'
import { delimiter, dirname, resolve } from 'node:path'
import { inject } from 'vitest'
import { clientParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import type { Ran } from '../support/kubectl.ts'

/** Runs commands of bash, as a page has them, with kubectl and helm of the project; in the checkout by default. */
export const shell = async (
  commands: string,
  options: { readonly stdin?: string; readonly cwd?: string } = {},
): Promise<Ran> => {
  const path = Object.values(locateAll(clientParts, process.env)).map(file => dirname(resolve(file)))
  const env = {
    ...process.env,
    PATH: [...path, process.env['PATH'] ?? ''].join(delimiter),
    KUBECONFIG: inject('kubeconfig'),
  }
  const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', commands], { cwd: options.cwd, env })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  child.stdin.on('error', () => undefined).end(options.stdin ?? '')
  const code = await new Promise<number>((done, reject) => {
    child.on('error', reject).on('close', status => done(status ?? -1))
  })
  return { code, ...output }
}

/** Runs what must succeed, like {@link shell}: answers what it printed, and throws what it complained of. */
export const succeed = async (commands: string, stdin = ''): Promise<string> => {
  const { code, stderr, stdout } = await shell(commands, { stdin })
  if (code !== 0) throw new Error(`${commands}\nended with ${code}: ${stderr}${stdout}`)
  return stdout.trim()
}
