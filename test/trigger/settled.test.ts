import { expect, it } from 'vitest'
import { answerTo } from '../../src/trigger/answer.ts'
import { settledAnswer } from '../../src/trigger/settled.ts'

it('an answer to a post that has waited says until when its step lasts', () => {
  const hook = { namespace: 'shop', name: 'web-up', driver: 'scale' }
  const until = Date.UTC(2026, 0, 1)
  const outcome = { outcome: 'applied', reason: 'Stepped', from: 1, to: 2, on: 'x', until } as const
  const answer = answerTo(outcome, hook, 'Deployment/web', false)
  if (answer === 'no answer') throw new Error('it has an answer')
  const decided = { answer, change: undefined, isAskable: true }
  expect(settledAnswer(decided, { state: 'complete', message: 'all pods are ready' })).toMatchObject({
    status: 200,
    body: { from: 1, to: 2, until: '2026-01-01T00:00:00Z' },
  })
})
