import { expect, it } from 'vitest'
import { interner } from '../../src/kube/list.ts'
import { fc, property } from '../support/property.ts'

const meta = { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1' }

property(
  'interning changes nothing of what an object says, in any order in which objects come',
  [fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 20 })],
  specs => {
    const interned = interner()
    for (const spec of specs) {
      const object = { metadata: meta, spec, status: [spec] }
      const before = JSON.stringify(object)
      expect(JSON.stringify(interned(object))).toBe(before)
    }
  },
)

it('changes nothing when more texts come than it remembers', () => {
  const interned = interner()
  for (let count = 0; count < 12_000; count++) {
    expect(interned({ metadata: meta, spec: { text: `text ${count}` } })['spec']).toEqual({ text: `text ${count}` })
  }
})
