import { describe, expect, it } from 'vitest'
import { contextOf } from '../support/deliveries.ts'
import { keyOf } from '../../src/api/hash.ts'
import { ofWrite } from '../../src/record/protocol.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory, type Memory } from '../../src/record/memory.ts'
import { needsNewest } from '../../src/steps/batch.ts'
import { foldPosts } from '../../src/steps/claims.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { fc, property } from '../support/property.ts'
import { deploymentTarget } from '../support/targets.ts'
import { applied, dropped, rowsOf } from '../support/memories.ts'

const now = Date.UTC(2026, 0, 1)
const target = deploymentTarget('web')
const by =
  (size: number, max = Infinity): Plan =>
  count =>
    Math.min(count + size, Math.max(count, max))

interface About {
  readonly key?: string
  readonly size?: number
  readonly max?: number
  readonly cooldownMs?: number
}
type Post = Parameters<typeof foldPosts>[2][number]
const member = ({ cooldownMs = 0, key, max, size = 1 }: About): Post => ({
  plan: by(size, max),
  context: contextOf({
    delivery: { phase: 'none', ...(key === undefined ? {} : { identity: { key } }) },
    dedupeWindowMs: 60_000,
    cooldownMs,
    deadline: 0,
  }),
})
const on = (memory: Memory, members: readonly Post[], count = 5, mark = 'm') => {
  const { draft, ...claimed } = foldPosts(new MemoryDraft(memory), now, members, {
    target,
    mark,
    version: { uid: 't1', resourceVersion: '7', count },
  })
  return { ...claimed, memory: draft.memory() }
}

const answer = (step: Step) => ({ part: 'answer', step })

/** Returns a memory with the claim of a write of another process for this key. */
const foreign = (key: string): Memory => on(emptyMemory, [member({ key })], 5, 'other').memory

describe('a batch that is claimed', () => {
  it('gives each its own step, and remembers those that have a name with the write of all', () => {
    const { memory, parts, rows, to } = on(emptyMemory, [
      member({ key: 'a' }),
      member({ size: 3 }),
      member({ key: 'b' }),
    ])
    expect(parts).toEqual([
      answer({ outcome: 'done', from: 5, to: 6 }),
      answer({ outcome: 'done', from: 6, to: 9 }),
      answer({ outcome: 'done', from: 9, to: 10 }),
    ])
    expect(to).toBe(10)
    const target = 'apps/v1/deployments/Deployment/web'
    const written = { mark: 'm', target, uid: 't1', version: '7', to: 10, helped: false }
    expect(rows).toEqual([
      { state: 'claimed', key: keyOf('a'), at: now, from: 5, to: 6, claim: written },
      { state: 'claimed', key: keyOf('b'), at: now, from: 9, to: 10, claim: written },
    ])
    expect(memory.rows).toEqual(rows)
  })

  it('leaves the memory alone when nobody in it has a name', () => {
    expect(on(emptyMemory, [member({}), member({})]).memory).toBe(emptyMemory)
  })

  it('is done at once where nothing is to be written', () => {
    const { memory, rows, to } = on(emptyMemory, [
      member({ key: 'a', max: 5 }),
      member({ key: 'b', size: 2 }),
      member({ size: -2 }),
    ])
    expect(to).toBe(5)
    expect(memory.rows).toMatchObject([
      { state: 'done', from: 5, to: 5 },
      { state: 'done', from: 5, to: 7 },
    ])
    expect([rows.length, memory.ranAt]).toEqual([2, now])
  })

  it('lets a copy wait for what becomes of the first', () => {
    const { parts, rows } = on(emptyMemory, [member({ key: 'a' }), member({ key: 'a' })])
    expect(parts).toEqual([answer({ outcome: 'done', from: 5, to: 6 }), { part: 'wait' }])
    expect(rows).toHaveLength(1)
  })

  it("asks to finish another process's write first, and steps over that", () => {
    const { parts, rows, to } = on(foreign('a'), [member({ key: 'a' }), member({ key: 'b' })])
    expect(parts).toMatchObject([
      { part: 'help', claim: { mark: 'other', to: 6 }, claimed: [{ key: keyOf('a') }], own: { from: 5, to: 6 } },
      answer({ outcome: 'done', from: 5, to: 6 }),
    ])
    expect([rows.length, to, parts.some(needsNewest)]).toEqual([1, 6, true])
  })

  it('lets a hook that cools down run once, and names runs that have no name', () => {
    const cools = member({ cooldownMs: 60_000 })
    const first = on(emptyMemory, [cools, cools])
    expect(first.parts).toEqual([answer({ outcome: 'done', from: 5, to: 6 }), { part: 'wait' }])
    expect(first.rows).toMatchObject([{ key: 'm/0' }])
    const then = on(applied('m', first.rows)(first.memory), [cools], 6, 'n')
    expect(then.parts).toMatchObject([{ step: { outcome: 'skipped', reason: 'CoolingDown' } }])
    expect(on(dropped(ofWrite('m'))(first.memory), [cools]).parts).toMatchObject([{ step: { outcome: 'done' } }])
  })
})

const members = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined }),
    size: fc.integer({ min: -3, max: 3 }),
    cooldownMs: fc.constantFrom(0, 0, 0, 60_000),
  }),
  { minLength: 1, maxLength: 12 },
)

/** What a member was answered in the end, and the count that its write was computed from. */
type Answered = readonly [part: string, from?: number, to?: number]

/** Runs batches, one after another, until nobody waits: each write is stored before the next. */
const runAll = (
  batches: readonly (readonly Post[])[],
): { memory: Memory; count: number; answered: Map<Post, Answered> } => {
  let memory = emptyMemory
  let count = 5
  let mark = 0
  const answered = new Map<Post, Answered>()
  for (const batch of batches) {
    for (let waiting = [...batch]; waiting.length > 0;) {
      mark += 1
      const { memory: claimed, parts, rows, to } = on(memory, waiting, count, `m${mark}`)
      expect(rowsOf(claimed, `m${mark}`)).toEqual(to === count ? [] : rows)
      memory = applied(`m${mark}`, rows)(claimed)
      count = to
      waiting = waiting.filter((one, index) => {
        const part = parts[index]
        const step = part?.part === 'answer' ? part.step : undefined
        if (step?.outcome === 'done') answered.set(one, ['step', step.from, step.to])
        if (step?.outcome === 'skipped') answered.set(one, ['skip'])
        return part?.part === 'wait'
      })
    }
  }
  return { memory, count, answered }
}

property('a batch is as if its members had run one after another', [members], abouts => {
  const all = abouts.map(({ cooldownMs, key, size }) =>
    member({ size, cooldownMs, ...(key === undefined ? {} : { key }) }),
  )
  const together = runAll([all])
  const oneByOne = runAll(all.map(one => [one]))
  // Some wait, so the order can be another; what is applied is the same where nothing but names decides.
  const cools = abouts.some(({ cooldownMs }) => cooldownMs > 0)
  if (!cools) {
    expect(together.count).toBe(oneByOne.count)
    expect(together.answered).toEqual(oneByOne.answered)
    expect(together.memory.rows).toEqual(oneByOne.memory.rows)
  }
  // In every case each count follows from the one before it.
  const steps = [...together.answered.values()].flatMap(([, from = 0, to = 0]) =>
    from === to ? [] : [[from, to] as const],
  )
  expect(steps.reduce((count, [from, to]) => count + to - from, 5)).toBe(together.count)
  const keys = together.memory.rows.map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
})
