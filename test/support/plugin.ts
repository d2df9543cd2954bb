import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import { bundled, httpByRequire, onlyWhatIsUsed } from '../../scripts/bundling.ts'
import { kubectlPath, type Ran } from './kubectl.ts'

export interface Plugin {
  /** The folder that kubectl finds it in. */
  readonly folder: string
  /** Runs `kubectl receiverhook ARGS` to its end. */
  readonly run: (kubeconfig: string, args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** What kubectl offers behind `kubectl receiverhook WORDS`. */
  readonly complete: (kubeconfig: string, words: readonly string[]) => Promise<Ran>
  /** Starts it; ended with the test at the latest. */
  readonly start: (kubeconfig: string, args: readonly string[]) => Promise<Started>
  readonly remove: () => void
}

interface RunOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

interface Started {
  /** All that it has printed so far. */
  readonly out: () => string
  readonly end: (signal: 'SIGINT' | 'SIGTERM') => Promise<number | null>
}

/** Bundles the plugin as it is shipped, and puts it where kubectl looks for plugins. */
export const buildPlugin = async (): Promise<Plugin> => {
  const folder = mkdtempSync(join(tmpdir(), 'plugin-'))
  await build({
    ...bundled(),
    entryPoints: { 'kubectl-receiverhook': 'src/plugin.ts' },
    outdir: join(folder, 'dist'),
    splitting: true,
    plugins: [httpByRequire, onlyWhatIsUsed],
  })
  const script = join(folder, 'kubectl-receiverhook')
  const bundle = join(folder, 'dist', 'kubectl-receiverhook.mjs')
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`)
  chmodSync(script, 0o755)
  const environment = (kubeconfig: string, more: Readonly<Record<string, string>> = {}) => ({
    KUBECONFIG: kubeconfig,
    HOME: folder,
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    ...more,
  })
  return {
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    run: (kubeconfig, args, { env, stdin = '' } = {}) =>
      ended(['receiverhook', ...args], environment(kubeconfig, env), stdin),
    complete: (kubeconfig, words) => ended(['__complete', 'receiverhook', ...words], environment(kubeconfig), ''),
    start: async (kubeconfig, args) => {
      // kubectl becomes its plugin: the signal reaches it.
      const child = spawn(await kubectlPath(), ['receiverhook', ...args], { env: environment(kubeconfig) })
      let out = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => void (out += text))
      }
      const over = new Promise<number | null>(resolve => child.on('close', code => resolve(code)))
      const end = async (signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
        child.kill(signal)
        return await over
      }
      onTestFinished(async () => void (await end('SIGKILL')))
      return { out: () => out, end }
    },
  }
}

const ended = async (args: readonly string[], env: Readonly<Record<string, string>>, stdin: string): Promise<Ran> => {
  const child = spawn(await kubectlPath(), args, { env })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  child.stdin.on('error', () => undefined).end(stdin)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', status => resolve(status ?? -1))
  })
  return { code, ...output }
}
