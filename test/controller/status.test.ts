import { describe, expect, test } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import type { HookStatus } from '../../src/api/status.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import type { Publication } from '../../src/controller/publish.ts'
import { statusPatch, type ReconcileFindings } from '../../src/controller/status.ts'
import { tokenId } from '../../src/token/mint.ts'
import { specDefaults } from '../support/hooks.ts'

const now = Date.UTC(2026, 0, 1, 12)
const minute = 60_000

const hookWith = (status: HookStatus, generation = 1): ReceiverHook => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '7',
    generation,
    creationTimestamp: rfc3339(now),
  },
  spec: {
    driver: 'scale',
    ...specDefaults,
  },
  status,
})

const endpoint = 'https://hooks.example.com/v1/trigger'

const token = (rotation: number, published: 'status' | 'secret' = 'status', expiresAt?: number): Publication => ({
  published,
  token: `token-${rotation}`,
  url: `https://hooks.example.com/v1/trigger/token-${rotation}`,
  endpoint,
  claims: { namespace: 'shop', name: 'web-up', uid: 'u1', rotation, ...(expiresAt !== undefined && { expiresAt }) },
})

const found = (publication: Publication | undefined, changed: Partial<ReconcileFindings> = {}): ReconcileFindings => ({
  target: 'Deployment/web',
  problem: undefined,
  publication,
  overlapMs: 5 * minute,
  ...changed,
})

const readyCondition = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: rfc3339(now),
  reason: 'Valid',
  message: 'the hook is valid, and its URL is published in its status, for anyone who may get the hook',
} as const

const inOrder = {
  observedGeneration: 1,
  target: 'Deployment/web',
  conditions: [readyCondition],
  token: 'token-0',
  triggerURL: 'https://hooks.example.com/v1/trigger/token-0',
  endpoint,
  minted: { id: tokenId('token-0'), rotation: 0 },
} as const satisfies HookStatus

describe('the patch of a status', () => {
  test('fills in all that is found at the first look', () => {
    expect(statusPatch(hookWith({ observedGeneration: -1 }), found(token(0)), now)).toEqual(inOrder)
  })

  test('is none when the status says so already, however much later', () => {
    expect(statusPatch(hookWith(inOrder), found(token(0)), now + 90 * minute)).toBeUndefined()
  })

  test('names no more than what is different', () => {
    const elsewhere = { ...token(0), url: 'https://other.example.com/v1/trigger/token-0' }
    expect(statusPatch(hookWith(inOrder), found(elsewhere), now)).toEqual({ triggerURL: elsewhere.url })
  })

  test('removes token and URL when a Secret holds them, and keeps the address without the token', () => {
    const message =
      'the hook is valid, and its URL is published in Secret/web-up-url, for anyone who may get that Secret'
    const patch = { token: null, triggerURL: null, conditions: [{ ...readyCondition, message }] }
    const hook = hookWith(inOrder)
    const inSecret = { ...hook, spec: { ...hook.spec, token: { ...hook.spec.token, secretName: 'web-up-url' } } }
    expect(statusPatch(inSecret, found(token(0, 'secret')), now)).toEqual(patch)
  })

  test('has token and URL again when no Secret holds them any more', () => {
    const { token: _, triggerURL: __, ...before } = inOrder
    const patch = { token: inOrder.token, triggerURL: inOrder.triggerURL }
    expect(statusPatch(hookWith(before), found(token(0)), now)).toEqual(patch)
  })

  test('removes them when they can be published nowhere, and keeps what was minted', () => {
    const problem = { reason: 'SecretConflict', message: 'taken', lasts: 'stalled' } as const
    const patch = statusPatch(hookWith(inOrder), found({ published: 'nowhere', problem }, { problem }), now)
    expect(patch).toMatchObject({
      token: null,
      triggerURL: null,
      conditions: [{ status: 'False' }, { type: 'Stalled' }],
    })
    expect(patch).not.toHaveProperty('minted')
  })

  test('leaves a token alone whose settings are broken', () => {
    const problem = { reason: 'InvalidHook', message: 'spec.token: must be an object', lasts: 'stalled' } as const
    const patch = statusPatch(hookWith(inOrder), found(undefined, { problem, target: undefined }), now)
    expect(Object.keys(patch ?? {}).sort()).toEqual(['conditions', 'target'])
    expect(patch).toMatchObject({ target: null })
  })

  test('follows the generation, and keeps the time of a condition that only says more', () => {
    const later = now + minute
    const patch = statusPatch(hookWith(inOrder, 2), found(token(0)), later)
    expect(patch).toEqual({ observedGeneration: 2, conditions: [{ ...readyCondition, observedGeneration: 2 }] })
  })

  test('says that a hook in order is suspended, and stays Ready', () => {
    const before = hookWith(inOrder, 2)
    const patch = statusPatch({ ...before, spec: { ...before.spec, suspend: true } }, found(token(0)), now + minute)
    expect(patch).toEqual({
      observedGeneration: 2,
      conditions: [
        {
          ...readyCondition,
          observedGeneration: 2,
          reason: 'Suspended',
          message: 'the hook is valid but suspended: it answers deliveries and skips them until suspend: false',
        },
      ],
    })
  })

  test('says what is wrong with a suspended hook before that it is suspended', () => {
    const before = hookWith(inOrder)
    const problem = { reason: 'TargetNotFound', message: 'there is no Deployment/web', lasts: 'reconciling' } as const
    const patch = statusPatch({ ...before, spec: { ...before.spec, suspend: true } }, found(token(0), { problem }), now)
    expect(patch).toMatchObject({
      conditions: [{ status: 'False', reason: 'TargetNotFound' }, { type: 'Reconciling' }],
    })
  })

  test('ignores the report of deliveries', () => {
    const time = rfc3339(now)
    const lastDelivery = { time, sender: 'plain', outcome: 'applied', reason: 'Stepped' } as const
    const status: HookStatus = { ...inOrder, lastDelivery, recent: [lastDelivery], counts: { applied: 1 } }
    expect(statusPatch(hookWith(status), found(token(0)), now)).toBeUndefined()
  })
})

describe('a rotation', () => {
  test('says until when the former token is accepted, and not a moment less than its overlap', () => {
    const patch = statusPatch(hookWith(inOrder), found(token(1)), now + 1)
    expect(patch).toMatchObject({
      token: 'token-1',
      minted: {
        id: tokenId('token-1'),
        rotation: 1,
        previous: { rotation: 0, acceptedUntil: rfc3339(now + 5 * minute + 1000) },
      },
    })
  })

  test('without an overlap accepts the former token no more', () => {
    const patch = statusPatch(hookWith(inOrder), found(token(1), { overlapMs: 0 }), now)
    expect(patch?.['minted']).toEqual({ id: tokenId('token-1'), rotation: 1 })
  })

  const previous = { rotation: 0, acceptedUntil: rfc3339(now + 5 * minute) }
  const rotated = {
    ...inOrder,
    token: 'token-1',
    triggerURL: 'https://hooks.example.com/v1/trigger/token-1',
    minted: { id: tokenId('token-1'), rotation: 1, previous },
  } as const

  test('is no reason to write by itself, when its overlap is over', () => {
    expect(statusPatch(hookWith(rotated), found(token(1)), now + 10 * minute)).toBeUndefined()
  })

  test('is forgotten with another write, once its overlap is over', () => {
    const made = statusPatch(hookWith(rotated, 2), found(token(1)), now + 5 * minute)
    expect(made).toMatchObject({ observedGeneration: 2, minted: { previous: null } })
  })

  test('is remembered through other writes until its overlap is over', () => {
    const made = statusPatch(hookWith(rotated, 2), found(token(1)), now + minute)
    expect(made).not.toHaveProperty('minted')
  })

  test('that follows within the overlap puts the last token in the place of the one before', () => {
    const made = statusPatch(hookWith(rotated), found(token(2)), now + minute)
    expect(made?.['minted']).toEqual({
      id: tokenId('token-2'),
      rotation: 2,
      previous: { rotation: 1, acceptedUntil: rfc3339(now + 6 * minute + 999) },
    })
  })
})

describe('an expiry', () => {
  test('is shown, and taken away when the token does not expire any more', () => {
    const expiring = statusPatch(hookWith(inOrder), found(token(0, 'status', now + minute)), now)
    expect(expiring).toEqual({ minted: { expiresAt: rfc3339(now + minute) } })
    const status = { ...inOrder, minted: { ...inOrder.minted, expiresAt: rfc3339(now + minute) } }
    expect(statusPatch(hookWith(status), found(token(0)), now)).toEqual({ minted: { expiresAt: null } })
  })
})
