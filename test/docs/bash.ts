import { execFile } from 'node:child_process'
import { delimiter, dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { compileCache } from '../support/compile-cache.ts'
import { kubectlPath } from '../support/kubectl.ts'
import { startPlayground } from '../support/playground.ts'

/** A person's shell with kubectl, the plugin and a playground behind both. */
export interface Person {
  /** Where their commands run. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Runs commands as they stand on a page, and answers what they print. Throws where one fails. */
  readonly run: (commands: string) => Promise<string>
}

/** Returns a person who has a playground until the test ends. */
export const personWithPlayground = async (): Promise<Person> => {
  const { folder, kubeconfig } = await startPlayground()
  // kubectl finds a plugin by its name in PATH.
  const path = [resolve('scripts/plugin'), dirname(await kubectlPath()), process.env['PATH'] ?? ''].join(delimiter)
  const options = { cwd: folder, env: { ...compileCache, PATH: path, KUBECONFIG: kubeconfig, HOME: folder } }
  return {
    folder,
    env: options.env,
    run: async commands =>
      (await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', commands], options)).stdout,
  }
}
