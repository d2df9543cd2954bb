import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'
import { monitoringParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { blocksIn } from '../deploy/manifests.ts'
import { kubectlPath, type Ran } from '../support/kubectl.ts'
import type { Cluster } from '../support/product.ts'

/** Returns a folder for the files that the page's commands name, until the test ends. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Replaces any namespace of a page or example by that of the test. */
export const inNamespaceOf = ({ namespace }: Cluster, text: string): string =>
  text
    .replaceAll(/(-n|--namespace) (shop|monitoring|argocd|flux-system)\b/g, `$1 ${namespace}`)
    .replaceAll(/namespace: (shop|argocd|flux-system)\b/g, `namespace: ${namespace}`)
    .replaceAll('--serviceaccount=shop:', `--serviceaccount=${namespace}:`)

/** Returns the commands of a page but those of npm, which do not end, and those for namespaces, which are there. Examples are copied to the folder for them. */
export const commandsOf = (here: Cluster, page: string, folder: string): string =>
  inNamespaceOf(
    here,
    blocksIn(page, 'console')
      .join('')
      .replaceAll(/^(?:npm|kubectl create namespace) .*\n/gm, ''),
  ).replaceAll(/deploy\/examples\/\S+/g, example => {
    const copy = join(folder, basename(example))
    writeFileSync(copy, inNamespaceOf(here, readFileSync(example, 'utf8')))
    return copy
  })

/** Runs commands one after another, as far as they succeed, in a folder and with the cluster's kubectl. */
export const runCommands = async ({ kubeconfig }: Cluster, commands: string, folder: string): Promise<Ran> => {
  const { amtool } = /^amtool /m.test(commands) ? locateAll(monitoringParts, process.env) : {}
  const programs = [await kubectlPath(), ...(amtool === undefined ? [] : [resolve(amtool)])]
  const path = programs.map(file => dirname(file)).join(delimiter)
  const env = { PATH: `${path}${delimiter}${process.env['PATH'] ?? ''}`, KUBECONFIG: kubeconfig, HOME: folder }
  const args = ['--norc', '-euo', 'pipefail', '-c', commands]
  const child = spawn('bash', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  const code = await new Promise<number>((done, reject) => {
    child.on('error', reject).on('close', status => done(status ?? -1))
  })
  return { code, ...output }
}
