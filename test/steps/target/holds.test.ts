import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../../src/api/object.ts'
import {
  base,
  heldNow,
  holdOf,
  holdsAnnotation,
  type FieldValue,
  type HeldField,
  type Hold,
} from '../../../src/steps/target/holds.ts'

const replicas: HeldField = { path: ['spec', 'replicas'] }
const suspend: HeldField = { path: ['spec', 'suspend'], on: true }

/** A field of an object, as the API server keeps it: its value, who owns it, and the annotation. */
class Field {
  readonly #field: HeldField
  value: FieldValue | undefined
  #owner = 'kubectl'
  #annotation: Hold | undefined
  #version = 1

  constructor(field: HeldField, value: FieldValue | undefined) {
    this.#field = field
    this.value = value
  }

  get object(): StoredObject {
    const [parent = '', member = ''] = this.#field.path
    const owned = { manager: this.#owner, fieldsV1: { [`f:${parent}`]: { [`f:${member}`]: {} } } }
    return {
      metadata: {
        name: 'web',
        uid: 'u1',
        resourceVersion: String(this.#version),
        annotations: { [holdsAnnotation]: JSON.stringify({ [this.#field.path.join('.')]: this.#annotation }) },
        managedFields: [owned],
      },
      [parent]: { [member]: this.value },
    }
  }

  get hold(): Hold | undefined {
    return holdOf(this.object, this.#field)
  }

  /** Changes how many hold a value. Returns since when the field is held, or undefined if it cannot be. */
  change(name: string, by: 1 | -1): string | undefined {
    const { hold, value } = this
    const before = { hold, now: value, word: undefined }
    const count = (hold?.n[name] ?? 0) + by
    const { [name]: _, ...others } = hold?.n ?? {}
    const n = count > 0 ? { ...others, [name]: count } : others
    const since = hold?.since ?? String(this.#version)
    const after = heldNow(this.#field, before, n, since)
    this.#version += 1
    this.#annotation = after?.hold
    if (!after) return undefined
    if (after.value !== value) this.#owner = 'receiver-hooks'
    this.value = after.value
    return after.hold?.since
  }

  /** Sets the value as a person does. */
  set(value: FieldValue): void {
    if (value === this.value) return
    this.#version += 1
    this.value = value
    this.#owner = 'kubectl'
  }

  /** Applies the value that is there, as Git does. */
  own(): void {
    this.#version += 1
    this.#owner = 'argocd'
  }
}

/** Someone who holds a value, since a version. */
interface Holder {
  readonly name: string
  readonly since: string
}

const names = ['0', '3', base]
const play = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('hold' as const), name: fc.constantFrom(...names) }),
    fc.record({ act: fc.constant('end' as const), of: fc.nat() }),
    fc.record({ act: fc.constant('set' as const), value: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ act: fc.constant('own' as const) }),
  ),
  { maxLength: 40 },
)

describe('a held count', () => {
  it('is at the highest value that anybody holds, and then what it was or what others have said since', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), play, (first, steps) => {
        const field = new Field(replicas, first)
        let ground: FieldValue | undefined = first
        let holders: readonly Holder[] = []
        const end = (holder: Holder): void => {
          holders = holders.filter(each => each !== holder)
          if (field.hold?.since === holder.since) field.change(holder.name, -1)
        }
        for (const step of steps) {
          const before = field.hold
          if (step.act === 'hold') {
            const since = field.change(step.name, 1)
            if (since !== undefined) holders = [...holders, { name: step.name, since }]
          } else if (step.act === 'end' && holders.length > 0) {
            const holder = holders[step.of % holders.length]
            if (holder) end(holder)
          } else if (step.act === 'set') {
            // Who only moves what was there speaks against nobody.
            if (step.value !== field.value && before?.at !== undefined) holders = []
            if (step.value !== field.value) ground = step.value
            field.set(step.value)
          } else if (step.act === 'own') {
            if (before?.at !== undefined) [holders, ground] = [[], field.value]
            field.own()
          }
          const inForce = holders.filter(({ since }) => since === field.hold?.since).map(({ name }) => name)
          if (field.hold === undefined) holders = []
          const values = inForce.map(name => (name === base ? Number(ground) : Number(name)))
          // As long as `base` is in force, others may move the count freely.
          const isSwitched = field.hold?.at !== undefined
          expect(field.value).toBe(isSwitched ? Math.max(...values) : ground)
          expect(inForce.length === 0 || isSwitched || inForce.includes(base)).toBe(true)
        }
        for (const holder of holders) end(holder)
        expect(field.value).toBe(ground)
        expect(field.hold).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a held switch', () => {
  it('is on while anybody holds it, and then what it was, also if it was absent', () => {
    for (const was of [undefined, false]) {
      const field = new Field(suspend, was)
      field.change('true', 1)
      field.change('true', 1)
      field.change('true', -1)
      expect(field.value).toBe(true)
      field.change('true', -1)
      expect(field.value).toBe(was)
    }
  })

  it('is not held where somebody else has it on already', () => {
    const field = new Field(suspend, true)
    expect(field.change('true', 1)).toBeUndefined()
    expect(field.value).toBe(true)
  })
})

describe('an annotation that no hook can have written', () => {
  const says = (text: string): Hold | undefined =>
    holdOf(
      { metadata: { name: 'web', uid: 'u1', resourceVersion: '7', annotations: { [holdsAnnotation]: text } } },
      replicas,
    )

  it.each([
    '',
    'no JSON',
    '[]',
    '{"spec.replicas":1}',
    '{"spec.replicas":{"since":"x","n":{}}}',
    '{"spec.replicas":{"since":"1","n":{"0":0}}}',
    '{"spec.replicas":{"since":"1","n":{"0":1},"was":{}}}',
    '{"spec.replicas":{"since":"1","n":{"0":1},"word":{"since":"x","word":1}}}',
  ])('says nothing: %s', text => {
    expect(says(text)).toBeUndefined()
  })

  it('says who holds what if it fits', () => {
    expect(says('{"spec.replicas":{"since":"1","n":{"base":2}}}')?.n).toEqual({ base: 2 })
  })
})
