import { describe, expect, it } from 'vitest'
import type { OpenAct } from '../../src/api/record.ts'
import { acted, begun, openAct, unnamedActKey, withoutAct } from '../../src/record/acts.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'

const day = 24 * 3_600_000
const now = Date.UTC(2026, 0, 1, 10)

const actOf = (key: string, at = now): OpenAct => ({ key, at, id: `${key} at ${at}` })

const afterActs = (...acts: readonly OpenAct[]): MemoryDraft => {
  const draft = new MemoryDraft(emptyMemory)
  for (const act of acts) begun(draft, act)
  return draft
}

const keysIn = ({ fields: { acts = [] } }: MemoryDraft): readonly string[] => acts.map(({ key }) => key)

describe('an act that has begun', () => {
  it('is open until it is removed, next to those of other deliveries', () => {
    const draft = afterActs(actOf('a'), actOf('b'))
    expect([openAct(draft, 'a'), openAct(draft, 'b'), openAct(draft, 'c')]).toEqual([actOf('a'), actOf('b'), undefined])
    withoutAct(draft, actOf('a'))
    expect(keysIn(draft)).toEqual(['b'])
  })

  it('takes the place of an earlier one of its delivery', () => {
    const draft = afterActs(actOf('a'), actOf('b'), actOf('a', now + 1000))
    expect(draft.fields.acts).toEqual([actOf('b'), actOf('a', now + 1000)])
  })

  it('is remembered for a day, by whichever clock', () => {
    expect(keysIn(afterActs(actOf('a'), actOf('b', now + day - 1)))).toEqual(['a', 'b'])
    expect(keysIn(afterActs(actOf('a'), actOf('b', now + day)))).toEqual(['b'])
    expect(keysIn(afterActs(actOf('a'), actOf('b', now - day)))).toEqual(['b'])
  })

  it('is forgotten when 256 later ones are open', () => {
    const acts = Array.from({ length: 257 }, (_, n) => actOf(`k${n}`))
    expect(keysIn(afterActs(...acts.slice(0, 256)))).toHaveLength(256)
    expect(keysIn(afterActs(...acts))).toEqual(acts.slice(1).map(({ key }) => key))
  })

  it('has a key that no copy can have, if its delivery has none', () => {
    expect(unnamedActKey('x')).toContain('/')
  })
})

describe('an act that is done', () => {
  const done = { summary: 'made a Job', ran: true }

  it('is the last run of its hook, also after one whose clock was an hour ahead and was set right', () => {
    const draft = new MemoryDraft(emptyMemory)
    acted(draft, actOf('ahead', now + 3_600_000), done, now + 3_600_000)
    acted(draft, actOf('next', now), done, now + 5000)
    expect(draft.fields.ranAt).toBe(now + 5000)
  })

  it('is not the last run if a later one ended first', () => {
    const draft = new MemoryDraft(emptyMemory)
    acted(draft, actOf('later', now + 30_000), done, now + 31_000)
    acted(draft, actOf('long', now), done, now + 60_000)
    expect(draft.fields.ranAt).toBe(now + 30_000)
  })

  it('leaves the row of a later delivery with its key, if it is reported late', () => {
    const draft = afterActs(actOf('a'))
    acted(draft, actOf('a'), done, now)
    const next = actOf('a', now + 60_000)
    begun(draft, next)
    acted(draft, next, done, now + 60_000)
    acted(draft, actOf('a'), done, now)
    expect(draft.get('a')).toMatchObject({ state: 'acted', at: now + 60_000 })
  })
})
