import { afterAll, beforeAll, expect, it } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { lostHistoryAnnotation } from '../../../src/kube/lost-history.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import { send } from '../../../src/kube/requests.ts'
import { leases } from '../../../src/kube/resources.ts'
import { controllerLease } from '../../../src/token/published.ts'
import { until } from '../../support/product.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { changes, installed, snapshotOf, type Hook, type Installed } from './restored.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

/** After a restore, nothing acts on the lost state later than this, in milliseconds. */
const promisedMs = 3_000

/** How long posts go on after that, in milliseconds. */
const postedMs = 5_000

/** Answers by the lost state. */
const isOfLost = (hook: Hook, said: string): boolean =>
  ({ made: '200 Stepped', deleted: '410 HookDeleted', changed: '200 Suspended' })[hook] === said

/** Posts to all hooks for a while. Returns the answers by the lost state that came later than promised. */
const lateAnswers = async ({ tried }: Installed): Promise<readonly unknown[]> => {
  const began = nodeClock.monotonic()
  const late: unknown[] = []
  while (nodeClock.monotonic() < began + promisedMs + postedMs) {
    for (const hook of changes) {
      const sentMs = nodeClock.monotonic() - began
      const answer = await tried(hook)
      const said = answer ? `${answer.status} ${String(answer.body['reason'])}` : 'no answer'
      if (sentMs > promisedMs && isOfLost(hook, said)) late.push({ hook, sentMs, said })
    }
    await wait(nodeClock, 100)
  }
  return late
}

it('a trigger beneath which etcd is restored ends, and acts on nothing of the lost state 3 s later', async () => {
  const here = await installed(controlPlane)
  const { answered, changeAll, report } = here
  await answered('changed', 200)
  const { putBack } = await snapshotOf(controlPlane)
  await changeAll()

  await controlPlane.changeEtcdBeneath(putBack)
  expect(await lateAnswers(here)).toEqual([])
  expect(here.controller.codes).toEqual([4])
  expect(here.trigger.codes).toEqual([4])
  await answered('changed', 200)
  // The controller that has ended holds the Lease for another 15 s.
  await until(report, text => text.includes('CacheOfLostHistory'), 60_000)

  await controlPlane.killApiServer()
  await controlPlane.startApiServer()
  await send(here.api, {
    method: 'PATCH',
    path: objectPath(leases, here.systemNamespace, controllerLease),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { annotations: { [lostHistoryAnnotation]: null } } }),
  })
  await here.trigger.restart()
  await until(report, text => text.includes('[+]history/caches ok'), 60_000)
  await answered('changed', 200)
  await answered('deleted', 200)
  await answered('made', 410)
}, 300_000)
