import { expect, it } from 'vitest'
import { digestOf, type Effect } from '../../src/api/effect.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import { foldPosts } from '../../src/steps/claims.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = 'apps/v1/deployments/Deployment/web'
const effect = { of: 'hook 1', target, uid: 't1', from: 5, to: 6 }

const oneMore: Plan = count => count + 1
const keep: Plan = count => count

type Post = Parameters<typeof foldPosts>[2][number]

/** Returns a post whose hook asks for approval, with the digest of what was approved. */
const post = (approved: string | undefined, more: object = {}): Post => ({
  plan: oneMore,
  context: {
    ...contextOf({ delivery: { phase: 'none', identity: { key: 'a' } }, dedupeWindowMs: 60_000, deadline: 0 }),
    approval: { of: 'hook 1', approved },
    ...more,
  },
})

const on = (posts: readonly Post[], count = 5) =>
  foldPosts(new MemoryDraft(emptyMemory), 0, posts, {
    target: deploymentTarget('web'),
    mark: 'm',
    version: { uid: 't1', resourceVersion: '7', count },
  })

const answer = (step: Step) => ({ part: 'answer', step })

const awaiting = (asked: Effect) => ({
  ...answer({
    outcome: 'awaiting',
    reason: 'AwaitingApproval',
    from: asked.from,
    to: asked.to,
    effect: digestOf(asked),
  }),
  needsNewest: true,
})

it('a step that was approved is claimed', () => {
  const { isWritten, parts, rows } = on([post(digestOf(effect))])
  expect([parts, isWritten, rows.length]).toEqual([[answer({ outcome: 'done', from: 5, to: 6 })], true, 1])
})

it('a step is not made, nor claimed, if nothing or something else was approved', () => {
  const others: readonly Partial<Effect>[] = [
    { of: 'hook 2' },
    { target: 'apps/v1/deployments/Deployment/api' },
    { uid: 't2' },
    { from: 4 },
    { to: 7 },
  ]
  for (const approved of [undefined, '', ...others.map(other => digestOf({ ...effect, ...other }))]) {
    const { draft, isWritten, parts, rows } = on([post(approved)])
    expect(parts).toEqual([awaiting(effect)])
    expect([isWritten, rows.length, draft.isChanged]).toEqual([false, 0, false])
  }
})

it('a step counts from the steps before it in the write', () => {
  const plain: Post = { plan: oneMore, context: contextOf({ delivery: { phase: 'none' }, deadline: 0 }) }
  const { parts, to } = on([plain, post(digestOf(effect))])
  expect(parts[1]).toEqual(awaiting({ ...effect, from: 6, to: 7 }))
  expect(to).toBe(6)
})

it('a dry run, and a step that keeps the count, wait for nobody', () => {
  expect(on([post(undefined, { dryRun: true })]).parts).toEqual([answer({ outcome: 'done', from: 5, to: 6 })])
  expect(on([{ ...post(undefined), plan: keep }]).parts).toEqual([answer({ outcome: 'done', from: 5, to: 5 })])
})
