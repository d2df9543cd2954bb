import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parsed, type Attempt, type History } from './exact/history.ts'
import { askPorcupine } from './exact/porcupine.ts'

/** Part of what a run on a real API server left, while a trigger and the API server were killed. */
const recorded = parsed(readFileSync(join(import.meta.dirname, '../exact/recorded.jsonl'), 'utf8'))

/** Posts that were answered, to targets that everybody got an answer of: nothing else can stand in for one of them. */
const targetOf = new Map(recorded.hooks.map(({ name, target }) => [name, target]))
const unanswered = new Set(recorded.attempts.filter(({ answer }) => !answer).map(({ hook }) => targetOf.get(hook)))
const steps = recorded.attempts.filter(
  ({ answer, hook, name }) => answer?.reason === 'Stepped' && name === undefined && !unanswered.has(targetOf.get(hook)),
)

/** Returns the history with one post made into others. */
const having = (place: number, change: (attempt: Attempt) => readonly Attempt[]): History => {
  const chosen = steps.at(place)
  if (!chosen) throw new Error('there is no such post')
  return { ...recorded, attempts: recorded.attempts.flatMap(each => (each === chosen ? change(each) : [each])) }
}

it('Porcupine finds a recorded history linearizable', async () => {
  const { isLinearizable, said } = await askPorcupine(recorded)
  expect(said).toMatch(/^\d+ posts, \d+ operations on \d+ targets, \d+ of unknown outcome: linearizable\n$/)
  expect(isLinearizable).toBe(true)
})

it.each([
  ['a step that was stored twice', having(10, () => [])],
  ['a step that was answered and is not stored', having(10, attempt => [attempt, attempt])],
  ['the last step stored twice', having(-1, () => [])],
  [
    'an answer with another count',
    having(20, ({ answer, ...attempt }) => [
      { ...attempt, ...(answer && { answer: { ...answer, from: (answer.from ?? 0) + 1, to: (answer.to ?? 0) + 1 } }) },
    ]),
  ],
  [
    'a post whose step was there before it was sent',
    having(10, attempt => [{ ...attempt, sentAt: attempt.sentAt + 20_000, endedAt: attempt.endedAt + 20_000 }]),
  ],
])('Porcupine refuses %s', async (_, history) => {
  const { isLinearizable, said } = await askPorcupine(history)
  expect(said).toContain('is not linearizable')
  expect(isLinearizable).toBe(false)
})
