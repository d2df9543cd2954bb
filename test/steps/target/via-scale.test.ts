import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../../src/api/object.ts'
import { versionOf } from '../../../src/steps/target/read.ts'
import { viaScale } from '../../../src/steps/target/via-scale.ts'

const from = { uid: 'u1', resourceVersion: '7' }
const scale = (metadata: object) => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', ...metadata },
  spec: { replicas: 3 },
  status: { replicas: 2, selector: 'app=web' },
})
const stored = (answer: string) => viaScale.stored(answer, 'm.1', from, 3)

describe('the answer to a count that was written through /scale', () => {
  it.each([
    ['as the API server writes it', JSON.stringify(scale({ resourceVersion: '8' }))],
    ['in lines, as somebody between may write it', JSON.stringify(scale({ resourceVersion: '8' }), undefined, 2)],
    [
      'with the same words in a string',
      JSON.stringify(scale({ generateName: '"resourceVersion":"9"', resourceVersion: '8' })),
    ],
  ])('shows the new version: %s', (_how, answer) => {
    expect(stored(answer)).toEqual({ uid: 'u1', resourceVersion: '8', count: 3 })
  })

  it.each([
    [{ replicas: 5 }, 5],
    [{}, 0],
  ])('shows the count that a policy has put in its place: %j', (spec, count) => {
    expect(stored(JSON.stringify({ ...scale({ resourceVersion: '8' }), spec }))).toMatchObject({ count })
  })

  it('says nothing of a count of 0, which a Scale leaves out', () => {
    const answer = JSON.stringify({ ...scale({ resourceVersion: '8' }), spec: {} })
    expect(viaScale.stored(answer, 'm.1', from, 0)).toMatchObject({ resourceVersion: '8', count: 0 })
  })

  it.each(['', '<html>', '{"kind":"Status"}', '{"resourceVersion":8}', JSON.stringify(scale({}))])(
    'shows nothing where it has none: %s',
    answer => {
      expect(stored(answer)).toBeUndefined()
    },
  )
})

describe('who has written a count', () => {
  const mark = 'receiver-hooks.4f.2a.60.3'
  const lastWord = { since: '60', word: 3 }
  const owned = (...managers: readonly string[]): StoredObject => ({
    metadata: {
      name: 'web',
      uid: 'u1',
      resourceVersion: '70',
      managedFields: managers.map(manager => ({ manager, fieldsV1: { 'f:spec': { 'f:replicas': {} } } })),
    },
    spec: { replicas: 5 },
  })
  const version = { uid: 'u1', resourceVersion: '70', count: 5 }

  it.each([
    ['a hook', [mark], { mark, lastWord }],
    ['a hook, together with fences', ['receiver-hooks.fence.1', mark, 'receiver-hooks.fence.8'], { mark, lastWord }],
    ['somebody else, who has applied the same number', [mark, 'gitops'], { mark }],
    ['somebody else', ['kubectl'], {}],
    ['somebody else, together with a fence', ['kubectl', 'receiver-hooks.fence.1'], {}],
    ['a hook of an earlier version of the product', ['receiver-hooks.4f.2a'], { mark: 'receiver-hooks.4f.2a' }],
    ['a fence alone, after its owner has left the count out', ['receiver-hooks.fence.1'], {}],
    ['nobody', [], {}],
  ] as const)('is shown by its owners: %s', (_who, managers, shown) => {
    expect(versionOf(viaScale, owned(...managers))).toEqual({ ...version, ...shown })
  })

  it('is shown by the mark, once a write is answered', () => {
    const answer = JSON.stringify(scale({ resourceVersion: '8' }))
    const shown = { uid: 'u1', resourceVersion: '8', count: 3 }
    expect(viaScale.stored(answer, mark, from, 3)).toEqual({ ...shown, mark, lastWord })
    expect(viaScale.stored(answer, 'receiver-hooks.4f.2a', from, 3)).toEqual({ ...shown, mark: 'receiver-hooks.4f.2a' })
    expect(viaScale.stored(answer, 'receiver-hooks.fence.1', from, 3)).toEqual(shown)
  })
})
