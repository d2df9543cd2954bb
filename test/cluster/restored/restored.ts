import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { cluster, post, until, type Cluster, type Posted } from '../../support/product.ts'
import { program, type Program } from '../../support/program.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { freePort } from '../control-plane/ports.ts'
import { deleteHook } from '../posting.ts'

/** A program that is started again whenever it has ended, as the kubelet does. */
export interface Kept {
  /** The exit codes so far. */
  readonly codes: readonly (number | null)[]
  /** Ends it, so that it is started again. */
  readonly restart: () => Promise<void>
  /** Ends it until it is started. */
  readonly stop: () => Promise<void>
  readonly start: () => void
}

/** Starts the product with these arguments, until the test ends. */
export const kept = (args: readonly string[]): Kept => {
  const codes: (number | null)[] = []
  let isWanted = true
  let running: Program | undefined
  const start = (): void => {
    isWanted = true
    running = program(args)
    // What is to be done at the end is done in reverse order: this comes before the program is ended.
    onTestFinished(() => void (isWanted = false))
    void running.ended.then(code => {
      codes.push(code)
      if (isWanted) start()
    })
  }
  const end = async (): Promise<void> => void (await running?.end('SIGTERM'))
  start()
  return {
    codes,
    restart: end,
    start,
    stop: async () => {
      isWanted = false
      await end()
    },
  }
}

/** Three hooks, of which one is changed, one deleted and one made after a snapshot; and both roles in processes of their own. */
export interface Installed extends Cluster {
  readonly controller: Kept
  readonly trigger: Kept
  /** Posts once. Undefined if the trigger is not there. */
  readonly tried: (hook: Hook) => Promise<Posted | undefined>
  /** Posts until the answer has this status. */
  readonly answered: (hook: Hook, status: number) => Promise<Posted | undefined>
  /** Returns the text of `/readyz?verbose` of the trigger. */
  readonly report: () => Promise<string>
  /** Changes, deletes and makes hooks, and posts until the trigger goes by that. */
  readonly changeAll: () => Promise<void>
}

/** All hooks, by what happens to them after the snapshot. */
export const changes = ['changed', 'deleted', 'made'] as const
export type Hook = (typeof changes)[number]

/** How long something may take on a machine that is busy, in milliseconds. */
const interactiveTimeoutMs = 120_000

export const installed = async ({ kubeconfig }: Pick<ControlPlane, 'kubeconfig'>): Promise<Installed> => {
  const here = await cluster(kubeconfig)
  const paths = new Map<Hook, string>()
  const make = async (name: Hook): Promise<void> => {
    await until(() => here.createHook(name, { target: { name }, max: 1000 }).catch(() => undefined), Boolean)
  }
  const learn = async (name: Hook): Promise<void> => void paths.set(name, new URL(await here.url(name)).pathname)
  for (const name of changes) await here.createDeployment(name, 1)
  await make('changed')
  await make('deleted')
  const [port, operations] = [await freePort(), await freePort()]
  const common = ['--namespace', here.systemNamespace, '--kubeconfig', kubeconfig, '--host', '127.0.0.1']
  const flags = [...common, '--shutdown-delay', '0']
  const controllerFlags = ['--operations-port', '0', '--public-url', 'https://example.com']
  const triggerFlags = ['--operations-port', `${operations}`, '--trigger-port', `${port}`]
  const controller = kept(['serve', 'controller', ...flags, ...controllerFlags])
  const trigger = kept(['serve', 'trigger', ...flags, ...triggerFlags])
  await learn('changed')
  await learn('deleted')
  const tried: Installed['tried'] = hook =>
    post(`http://127.0.0.1:${port}${paths.get(hook) ?? ''}`).catch(() => undefined)
  const answered: Installed['answered'] = (hook, status) =>
    until(
      () => tried(hook),
      answer => answer?.status === status,
      interactiveTimeoutMs,
    )
  return {
    ...here,
    controller,
    trigger,
    tried,
    answered,
    report: async () =>
      await fetch(`http://127.0.0.1:${operations}/readyz?verbose`).then(
        response => response.text(),
        () => '',
      ),
    changeAll: async () => {
      await until(() => here.patchHook('changed', { spec: { suspend: true } }).catch(() => undefined), Boolean)
      await make('made')
      await learn('made')
      await deleteHook(here, 'deleted')
      await answered('made', 200)
      await answered('deleted', 410)
      await until(
        () => tried('changed'),
        answer => answer?.body['reason'] === 'Suspended',
        interactiveTimeoutMs,
      )
      // Long enough for the Lease to be written again, and to be read.
      await wait(nodeClock, 4_000)
    },
  }
}

/** Copies the data of etcd, while it is stopped. Returns what replaces a folder of data by the copy. */
export const snapshotOf = async ({
  changeEtcdBeneath,
  folder,
}: Pick<ControlPlane, 'changeEtcdBeneath' | 'folder'>): Promise<{
  readonly folder: string
  readonly putBack: (data: string) => Promise<void>
}> => {
  const copy = join(folder, `snapshot-${nodeClock.now()}`)
  await changeEtcdBeneath(data => cp(data, copy, { recursive: true }))
  return {
    folder: copy,
    putBack: async data => {
      await rm(data, { recursive: true })
      await cp(copy, data, { recursive: true })
    },
  }
}
