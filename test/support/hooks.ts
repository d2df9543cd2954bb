import type { ReceiverHook } from '../../src/api/hook.ts'

/** What the API server adds to the spec of a hook. */
export const specDefaults = {
  suspend: false,
  onResolved: 'ignore',
  cooldown: '0s',
  dedupeWindow: '40s',
  token: { rotation: 0, overlap: '5m' },
} as const

/** Returns a hook as the API server stores it, whose status names this target. */
export const hookAt = (name: string, target: string, resourceVersion = '1'): ReceiverHook => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion, generation: 1, creationTimestamp: '' },
  spec: {
    driver: 'scale',
    ...specDefaults,
  },
  status: { target },
})
