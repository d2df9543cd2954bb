import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { urlOfHook } from '../../cli/cluster/url.ts'
import { conditionsFor } from '../../src/api/conditions.ts'
import { specDefaults } from '../support/hooks.ts'

const unused = (): never => {
  throw new Error('nothing must be asked')
}
const api = { request: unused, watch: unused }
const ready = { reason: 'Valid', message: 'the hook is valid, and its URL is published' } as const

const hook = (status: ReceiverHook['status'], generation = 1): ReceiverHook => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '7',
    generation,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    driver: 'scale',
    ...specDefaults,
  },
  ...(status && { status }),
})

it.each([
  ['no controller has looked at it', hook(undefined), 'no controller has checked it yet'],
  [
    'the status is of a former generation, and says that all is well',
    hook({ observedGeneration: 1, conditions: conditionsFor(undefined, ready, [], 1, 0) }, 2),
    'the controller is publishing it; try again in a moment',
  ],
  [
    'something keeps it from having one',
    hook({
      observedGeneration: 1,
      conditions: conditionsFor({ reason: 'SecretConflict', message: 'taken', lasts: 'stalled' }, ready, [], 1, 0),
    }),
    'SecretConflict: taken',
  ],
])('says of a hook without a URL why, where %s', async (_, of, why) => {
  const asked = urlOfHook({ api }, of)
  await expect(asked).rejects.toThrow(`web-up has no URL yet: ${why}`)
  await expect(asked).rejects.not.toThrow('its URL is published')
})

it('gives no URL from before a rotation, which may end at once', async () => {
  const before = hook({
    observedGeneration: 1,
    conditions: conditionsFor(undefined, ready, [], 1, 0),
    triggerURL: 'https://hooks.example.com/v1/trigger/a.b.c',
    minted: { id: 'a', kid: 'k', rotation: 0 },
  })
  const rotated = { ...before, spec: { ...before.spec, token: { rotation: 1, overlap: '0s' } } }
  expect(await urlOfHook({ api }, before)).toMatchObject({ base: 'https://hooks.example.com' })
  await expect(urlOfHook({ api }, { ...rotated, metadata: { ...rotated.metadata, generation: 2 } })).rejects.toThrow(
    'web-up has no URL for rotation 1 yet: the controller is publishing it; try again in a moment, or check whether a controller is running: kubectl receiverhook doctor',
  )
})
