import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { etcdutlPart } from '../../../scripts/cluster/parts.ts'
import { locateAll } from '../../../scripts/cluster/store.ts'
import { blockWith } from '../../deploy/manifests.ts'
import { commandLine } from '../../support/command-line.ts'
import { kubectl } from '../../support/kubectl.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { installed, snapshotOf, type Installed } from './restored.ts'

// The page on restores, as somebody follows it: each command as it stands there, with other names.

const page = 'docs/how-to/back-up-and-restore.md'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

/** Returns the arguments of a command on the page, without its first words. */
const commandOf = (words: string): readonly string[] => {
  const line = blockWith(page, 'console', words)
    .split('\n')
    .find(each => each.includes(words))
  return (line ?? '').trim().split(' ')
}

/** Restores a snapshot with higher versions into the folder of etcd's data. */
const restoreHigher =
  (snapshot: string) =>
  async (data: string): Promise<void> => {
    const [program = '', ...args] = commandOf('etcdutl snapshot restore')
    const to = join(controlPlane.folder, 'restored')
    const replaced = { 'snapshot.db': join(snapshot, 'member/snap/db'), restored: to }
    const given = args.map(arg => (arg === 'snapshot.db' || arg === 'restored' ? replaced[arg] : arg))
    const binary = locateAll([etcdutlPart], process.env)[program] ?? program
    // A copy of the file has no hash, as a snapshot has that etcdctl has saved.
    await promisify(execFile)(binary, [...given, '--skip-hash-check'])
    await rm(data, { recursive: true })
    await cp(to, data, { recursive: true })
  }

/** Does the steps with which both ways end. The Deployments are the two programs here. */
const endWithSteps = async ({
  controller,
  kubeconfig,
  namespace,
  systemNamespace,
  trigger,
}: Installed): Promise<void> => {
  const [, ...mark] = commandOf('annotate lease')
  const marked = await kubectl(
    kubeconfig,
    mark.map(arg => (arg === 'receiver-hooks' ? systemNamespace : arg)),
  )
  expect(marked).toMatchObject({ code: 0 })
  await Promise.all([controller.restart(), trigger.restart()])
  const runs = async (words: string, hook: string): Promise<void> => {
    const [, , ...args] = commandOf(words)
    const given = args.map(arg => (arg === 'shop' ? namespace : arg === 'old-hook' || arg === 'web-up' ? hook : arg))
    const ran = await commandLine(kubeconfig, [...given, ...(words === 'delete' ? ['--yes'] : [])])
    expect(ran).toMatchObject({ code: 0 })
  }
  await runs('delete', 'deleted')
  await runs('rotate web-up', 'changed')
}

/** Each way of the page. */
const ways: readonly [string, (here: Installed) => Promise<void>][] = [
  [
    'with higher versions',
    async ({ changeAll }) => {
      const { folder } = await snapshotOf(controlPlane)
      await changeAll()
      await controlPlane.changeEtcdBeneath(restoreHigher(folder))
      await controlPlane.killApiServer()
      await controlPlane.startApiServer()
    },
  ],
  [
    'with everything stopped',
    async ({ changeAll, controller, trigger }) => {
      const { putBack } = await snapshotOf(controlPlane)
      await changeAll()
      await Promise.all([controller.stop(), trigger.stop()])
      await controlPlane.changeEtcd(putBack)
      controller.start()
      trigger.start()
    },
  ],
]

it.each(ways)(
  'the page on restores, %s: what was revoked works again until the last step',
  async (_way, restore) => {
    const here = await installed(controlPlane)
    await here.answered('changed', 200)
    await restore(here)
    await here.answered('deleted', 200)
    await here.answered('changed', 200)
    await here.answered('made', 410)
    await endWithSteps(here)
    expect((await here.answered('deleted', 410))?.body['reason']).toBe('HookDeleted')
    expect((await here.answered('changed', 410))?.body['reason']).toBe('TokenRotated')
  },
  300_000,
)
