import { describe, expect, it } from 'vitest'
import { draftOf, type Draft } from '../../../dashboard/page/form/draft.ts'

const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 5 } }

const newDraft = (): Draft => draftOf({ name: 'web-up', namespace: 'shop', spec })

describe("the API server's message at a field", () => {
  const messages = { 'spec.scale.max': 'must be at most 3 here' }
  const refused = (): Draft => {
    const draft = newDraft()
    draft.refuse(draft.yaml.value, messages)
    return draft
  }

  it('is shown until something is changed', () => {
    expect(Object.fromEntries(refused().refused.value)).toEqual(messages)
  })

  it.each<[what: string, change: (draft: Draft) => void]>([
    ['the field', draft => draft.set(['scale', 'max'], 3)],
    ['another field', draft => draft.set(['cooldown'], '1m')],
    ['the name', draft => (draft.name.value = 'other')],
    ['the namespace', draft => (draft.namespace.value = 'other')],
    ['the driver', draft => (draft.spec.value = { driver: 'redeploy' })],
    ['the wish for the opposite hook', draft => (draft.opposite.value = true)],
  ])('is gone once %s is changed', (_what, change) => {
    const draft = refused()
    change(draft)
    expect(draft.refused.value.size).toBe(0)
  })

  it('is gone once a later try is accepted', () => {
    const draft = refused()
    draft.refuse(draft.yaml.value, undefined)
    expect(draft.refused.value.size).toBe(0)
  })

  it('is not shown if it is about what was there before a change', () => {
    const draft = newDraft()
    const sent = draft.yaml.value
    draft.set(['scale', 'max'], 3)
    draft.refuse(sent, messages)
    expect(draft.refused.value.size).toBe(0)
  })
})

describe('a form that a link opens with a Secret for the URL', () => {
  const linked = { ...spec, token: { secretName: 'web-up-url' } }
  const seen = { uid: 'u', generation: 1 }
  const open = (): Draft => draftOf({ name: 'web-up', namespace: 'shop', spec: linked, base: spec, seen })

  it('is left only with a question, because the Secret is not stored yet', () => {
    expect(open().dirty.value).toBe(true)
  })
})

describe('members that contradict each other', () => {
  const wrongWith = (scale: object) =>
    draftOf({ name: 'a', namespace: 'shop', spec: { driver: 'scale', scale } }).wrong.value

  it('are marked while others are still missing', () => {
    expect(wrongWith({ min: 20, max: 10 }).get('spec.scale.max')).toContain('must not be below min')
  })

  it('are not marked while one of them is missing', () => {
    expect(wrongWith({ min: 20 }).has('spec.scale.max')).toBe(false)
  })
})
