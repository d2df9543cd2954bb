import { describe, expect, it } from 'vitest'
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
      'beside the same words in a string',
      JSON.stringify(scale({ generateName: '"resourceVersion":"9"', resourceVersion: '8' })),
    ],
  ])('tells the new version: %s', (_how, answer) => {
    expect(stored(answer)).toEqual({ uid: 'u1', resourceVersion: '8', count: 3 })
  })

  it.each(['', '<html>', '{"kind":"Status"}', '{"resourceVersion":8}', JSON.stringify(scale({}))])(
    'tells nothing where it has none: %s',
    answer => {
      expect(stored(answer)).toBeUndefined()
    },
  )
})
