import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import type { HookStatus } from '../../src/api/status.ts'
import { hookOf, keptHookOf, withURL } from '../../src/controller/hooks.ts'

const metadata = {
  name: 'web-up',
  namespace: 'shop',
  uid: 'u1',
  resourceVersion: '7',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
}

const spec = { driver: 'scale', scale: { target: { name: 'web' } } }

const hookWith = (status?: HookStatus): StoredObject => ({ metadata, spec, ...(status && { status }) })

const urlOf = (token: string): string => `https://hooks.example.com/v1/trigger/${token}`

describe('a hook as the controller keeps it', () => {
  it('has what is read of its metadata, and nothing else of it', () => {
    const much = { ...metadata, managedFields: [{}], labels: { a: 'b' }, annotations: { c: 'd' } }
    const object = { apiVersion: 'v', kind: 'k', metadata: much, spec, status: { observedGeneration: 1 } }
    expect(hookOf(object)).toEqual({ metadata, spec, status: { observedGeneration: 1 } })
    const deletionTimestamp = '2026-01-02T00:00:00Z'
    expect(hookOf({ metadata: { ...much, deletionTimestamp }, spec })).toEqual({
      metadata: { ...metadata, deletionTimestamp },
      spec,
    })
  })

  it('is none where what every hook has is missing', () => {
    expect(hookOf({ metadata: { name: 'web-up', uid: 'u1', resourceVersion: '7' }, spec })).toBeUndefined()
  })

  it.each<[string, HookStatus | undefined, boolean]>([
    ['the URL of its token', { observedGeneration: 1, token: 'eyJ', triggerURL: urlOf('eyJ') }, true],
    ['the URL of another token', { observedGeneration: 1, token: 'eyJ', triggerURL: urlOf('other') }, false],
    ['a URL that begins otherwise', { observedGeneration: 1, token: 'eyJ', triggerURL: 'https://old/eyJ' }, false],
    ['an empty URL', { observedGeneration: 1, token: 'eyJ', triggerURL: '' }, false],
    ['a token without a URL', { observedGeneration: 1, token: 'eyJ' }, false],
    ['a URL without a token', { observedGeneration: 1, triggerURL: urlOf('eyJ') }, false],
    ['neither', { observedGeneration: 1 }, false],
    ['no status', undefined, false],
  ])('comes back as it was with %s', (_what, status, isLeftOut) => {
    const hook = hookOf(hookWith(status))
    if (!hook) throw new Error('it is a hook')
    const small = keptHookOf(hook, urlOf)
    expect(small.hasURL).toBe(isLeftOut)
    expect(small.status?.triggerURL).toBe(isLeftOut ? undefined : status?.triggerURL)
    expect(withURL(small, urlOf)).toStrictEqual(hook)
  })
})
