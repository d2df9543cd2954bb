import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { etcdutlPart } from '../../../scripts/cluster/parts.ts'
import { locateAll } from '../../../scripts/cluster/store.ts'
import { blockWith } from '../../deploy/manifests.ts'
import { commandLine } from '../../support/command-line.ts'
import { kubectl } from '../../support/kubectl.ts'
import type { Cluster } from '../../support/product.ts'
import type { Kept } from './restored.ts'

const page = 'docs/how-to/keys-and-backup.md#back-up-and-restore'

/** Returns the words of a command on the page. */
const commandOf = (words: string): readonly string[] => {
  const line = blockWith(page, 'console', words)
    .split('\n')
    .find(each => each.includes(words))
  return (line ?? '').trim().split(' ')
}

/** Returns what restores a snapshot into the folder of etcd's data, with higher versions. */
export const restoreHigher =
  (snapshot: string) =>
  async (data: string): Promise<void> => {
    const [program = '', ...args] = commandOf('etcdutl snapshot restore')
    const to = `${snapshot}-restored-${nodeClock.now()}`
    const replaced = { 'snapshot.db': join(snapshot, 'member/snap/db'), restored: to }
    const given = args.map(arg => (arg === 'snapshot.db' || arg === 'restored' ? replaced[arg] : arg))
    const binary = locateAll([etcdutlPart], process.env)[program] ?? program
    // A copy of the file has no hash, as a snapshot has that etcdctl has saved.
    await promisify(execFile)(binary, [...given, '--skip-hash-check'])
    await rm(data, { recursive: true })
    await cp(to, data, { recursive: true })
  }

/** Stops all hooks, or ends the stop, with the page's command. */
export const stopOrStart = async ({ kubeconfig, systemNamespace }: Place, word: 'stop' | 'start'): Promise<void> => {
  const words = word === 'stop' ? ['stop', '--reason', 'etcd was restored'] : [word]
  expect(commandOf(`receiverhook ${word}`).join(' ')).toBe(
    `kubectl receiverhook ${words.map(each => (each.includes(' ') ? `"${each}"` : each)).join(' ')}`,
  )
  const ran = await commandLine(kubeconfig, [...words, '--system-namespace', systemNamespace])
  expect(ran).toMatchObject({ code: 0 })
}

type Place = Pick<Cluster, 'kubeconfig' | 'namespace' | 'systemNamespace'>

/** Removes the mark of a lost history, and starts both roles with empty caches. The Deployments are the programs here. */
export const startEmpty = async ({
  controller,
  kubeconfig,
  systemNamespace,
  trigger,
}: Place & { readonly controller: Kept; readonly trigger: Kept }): Promise<void> => {
  const [, ...mark] = commandOf('annotate lease')
  const marked = await kubectl(
    kubeconfig,
    mark.map(arg => (arg === 'receiver-hooks' ? systemNamespace : arg)),
  )
  expect(marked).toMatchObject({ code: 0 })
  await Promise.all([controller.restart(), trigger.restart()])
}

/** For how long the former URL of a hook goes on, in place of the page's minutes. It must exceed what readers of Secrets take. */
const overlap = '20s'

/** Deletes a hook, or gives it a new URL, with the page's command. */
export const revoke = async (
  { kubeconfig, namespace }: Place,
  how: 'delete' | 'rotate',
  hook: string,
): Promise<void> => {
  const [, , ...args] = commandOf(how === 'rotate' ? 'rotate web-up' : how)
  const replaced: Readonly<Record<string, string>> = {
    shop: namespace,
    'old-hook': hook,
    'web-up': hook,
    '3m': overlap,
  }
  const given = args.map(arg => replaced[arg] ?? arg)
  const ran = await commandLine(kubeconfig, [...given, ...(how === 'delete' ? ['--yes'] : [])])
  expect(ran).toMatchObject({ code: 0 })
}
