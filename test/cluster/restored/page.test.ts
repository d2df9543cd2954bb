import { afterAll, beforeAll, expect, it } from 'vitest'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { restoreHigher, revoke, startEmpty } from './page.ts'
import { installed, snapshotOf, type Installed } from './restored.ts'

// The page on restores, as somebody follows it: each command as it stands there, with other names.

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

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
    await startEmpty(here)
    await revoke(here, 'delete', 'deleted')
    await revoke(here, 'rotate', 'changed')
    expect((await here.answered('deleted', 410))?.body['reason']).toBe('HookDeleted')
    expect((await here.answered('changed', 410))?.body['reason']).toBe('TokenRotated')
  },
  300_000,
)
