import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { kubectlPath } from '../support/kubectl.ts'
import { program } from '../support/program.ts'

/** A person's shell with kubectl, the plugin and a playground behind both. */
export interface Person {
  /** Where their commands run. */
  readonly folder: string
  /** Runs commands as they stand on a page, and answers what they print. Throws where one fails. */
  readonly run: (commands: string) => Promise<string>
}

/** A person who has a playground until the test ends. */
export const personWithPlayground = async (): Promise<Person> => {
  const folder = mkdtempSync(join(tmpdir(), 'person-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  const anyPorts = ['--api-port', '0', '--trigger-port', '0', '--operations-port', '0', '--dashboard-port', '0']
  const playground = program(['playground', ...anyPorts, '--kubeconfig', kubeconfig])
  await playground.said(line => (line.startsWith('Everything is in memory') ? line : undefined))
  // kubectl finds a plugin by its name in PATH.
  const plugin = join(folder, 'kubectl-receiverhook')
  writeFileSync(plugin, `#!/bin/sh\nexec ${process.execPath} ${resolve('src/plugin.ts')} "$@"\n`)
  chmodSync(plugin, 0o755)
  const path = [folder, dirname(await kubectlPath()), process.env['PATH'] ?? ''].join(delimiter)
  const options = { cwd: folder, env: { PATH: path, KUBECONFIG: kubeconfig, HOME: folder } }
  return {
    folder,
    run: async commands =>
      (await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', commands], options)).stdout,
  }
}
