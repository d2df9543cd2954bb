import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { check } from '../cluster/exact/check.ts'
import { parsed, written, type Answer, type Attempt, type History } from '../cluster/exact/history.ts'
import { fc, property } from '../support/property.ts'
import {
  atBound,
  byA,
  duplicate,
  historyOf,
  named,
  post,
  stepped,
  unavailable,
  web,
  wouldPass,
  type Story,
} from './stories.ts'

const lostOutside = { target: web, base: '1', to: 9, sentAt: 5, endedAt: 8 }
const outside = { ...lostOutside, made: '2' }

describe('a history in which no step is lost or doubled is explained', () => {
  it.each<Story & { readonly what: string }>([
    {
      what: 'a post and its write',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6))],
    },
    {
      what: 'a write that holds the steps of several posts, in an order that is not theirs in the list',
      stored: byA(5, 6),
      attempts: [
        post('up', 'a', [1, 11], stepped(4, 5)),
        post('down', 'a', [1, 11], stepped(5, 4)),
        post('up', 'a', [1, 11], stepped(5, 6)),
      ],
    },
    {
      what: 'a post without an answer whose step is stored',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [1, 11])],
    },
    { what: 'a post without an answer that did nothing', stored: byA(5), attempts: [post('up', 'a', [1, 11])] },
    {
      what: 'posts that cancelled one another out, for which no write was needed',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6)), post('down', 'a', [1, 11], stepped(6, 5))],
    },
    {
      what: 'one that nobody got an answer to, as its process was killed after it had answered the other',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6)), post('down', 'a', [1, 11])],
    },
    {
      what: 'somebody else who scales, and a step from there',
      stored: [
        [5, 'a', 0],
        [9, 'kubectl', 7],
        [8, 'a', 10],
      ],
      attempts: [post('down', 'a', [1, 11], stepped(9, 8))],
      outside: [outside],
    },
    {
      what: 'somebody else whose answer was lost',
      stored: [
        [5, 'a', 0],
        [9, 'kubectl', 9],
      ],
      outside: [lostOutside],
    },
    {
      what: 'copies of one delivery, all answered with the same step, which another process has written',
      stored: byA(5, 6),
      attempts: [
        named(post('up', 'a', [1, 3])),
        named(post('up', 'b', [4, 11], stepped(5, 6))),
        named(post('up', 'b', [12, 13], duplicate(5, 6))),
      ],
    },
    {
      what: 'a delivery with a name that was answered 503 when its claim was stored, and was finished with its copy',
      stored: byA(5, 6),
      attempts: [named(post('up', 'a', [1, 3], unavailable)), named(post('up', 'b', [4, 11], duplicate(5, 6)))],
    },
    {
      what: 'posts that met a bound, at counts that were there, in the middle of a write too',
      stored: byA(8, 9, 8),
      attempts: [
        post('up-4', 'a', [1, 11], wouldPass(8)),
        post('up', 'a', [1, 11], stepped(8, 9)),
        post('up', 'b', [11, 15], atBound(9)),
        post('down', 'a', [12, 21], stepped(9, 8)),
        post('down', 'a', [12, 21], stepped(8, 7)),
        post('up-4', 'a', [12, 21], wouldPass(7)),
        post('up', 'a', [12, 21], stepped(7, 8)),
      ],
    },
    {
      what: 'a fence between two writes, which leaves the count',
      stored: [
        [5, 'kubectl', 0],
        [6, 'a', 10],
        [6, 'fence', 12],
        [7, 'b', 20],
      ],
      attempts: [post('up', 'a', [1, 11], stepped(5, 6)), post('up', 'b', [1, 21], stepped(6, 7))],
    },
    {
      what: 'posts that met the bounds that the target has of its own',
      stored: [
        [5, 'kubectl', 0],
        [7, 'a', 10],
      ],
      attempts: [
        post('up-in-own', 'a', [1, 11], stepped(5, 7)),
        post('up-in-own', 'a', [12, 13], atBound(7)),
        post('down-in-own', 'a', [1, 11], stepped(5, 4)),
        post('up', 'a', [1, 11], stepped(4, 5)),
      ],
    },
    {
      what: 'a process that found the next count for its copy of a delivery which another process had done',
      stored: byA(5, 6),
      attempts: [
        named(post('up', 'b', [1, 12], duplicate(5, 6))),
        named(post('up', 'a', [1, 11], stepped(5, 6))),
        // Cancelled out, before that.
        post('up', 'b', [2, 12], stepped(5, 6)),
        post('down', 'b', [2, 12], stepped(6, 5)),
      ],
    },
  ])('$what', story => {
    expect(check(historyOf(story)).violations).toEqual([])
  })
})

describe('a violation is found', () => {
  it.each<Story & { readonly what: string; readonly found: RegExp }>([
    {
      what: 'a step that was lost',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6))],
      found: /explained as far as 5 .* that is the last one; open: \[up at 1/,
    },
    {
      what: 'a step that was doubled',
      stored: byA(5, 6, 7),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6))],
      found: /the next, version 3, is 7 by a; open: \[\]/,
    },
    {
      what: 'a post without an answer whose step was doubled',
      stored: byA(5, 6, 7),
      attempts: [post('up', 'a', [1, 11])],
      found: /explained as far as 6/,
    },
    {
      what: 'an answer with a wrong count before it',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [1, 11], stepped(4, 5))],
      found: /explained as far as 5/,
    },
    {
      what: 'a post without a name that was answered 503, and whose step is stored',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [1, 11], unavailable)],
      found: /explained as far as 5/,
    },
    {
      what: 'a post that was refused, and whose step is stored',
      stored: byA(5, 9),
      attempts: [post('up-4', 'a', [1, 11], wouldPass(5))],
      found: /no such bound: 409 rejected/,
    },
    {
      what: 'a write whose step only another process was asked for',
      stored: [
        [5, 'a', 0],
        [6, 'b', 10],
      ],
      attempts: [post('up', 'a', [1, 11], stepped(5, 6))],
      found: /is 6 by b; open: \[up at 1 \(1 to 11, a\)/,
    },
    {
      what: 'a write that was there before its post',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [11, 12], stepped(5, 6))],
      found: /explained as far as 5/,
    },
    {
      what: 'a post that found a count from before an earlier post that had been answered',
      stored: [
        [5, 'a', 0],
        [6, 'a', 30],
        [7, 'a', 30],
      ],
      attempts: [post('up', 'a', [1, 11], stepped(6, 7)), post('up', 'a', [12, 25], stepped(5, 6))],
      found: /explained as far as 5/,
    },
    {
      what: 'steps of two processes that cancelled one another out',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6)), post('down', 'b', [1, 11], stepped(6, 5))],
      found: /explained as far as 5/,
    },
    {
      what: 'a bound that was met at a count that was never there',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], atBound(9))],
      found: /explained as far as 5/,
    },
    {
      what: 'a step that its hook does not make',
      stored: byA(5, 7),
      attempts: [post('up', 'a', [1, 11], stepped(5, 7))],
      found: /no such step/,
    },
    {
      what: 'a step past the bound that the target has of its own',
      stored: byA(5, 9),
      attempts: [post('up-in-own', 'a', [1, 11], stepped(5, 9))],
      found: /no such step/,
    },
    {
      what: 'a write of the count that was there',
      stored: [
        [5, 'kubectl', 0],
        [5, 'a', 10],
      ],
      found: /the product wrote the count that was there/,
    },
    {
      what: 'a fence that changes the count',
      stored: [
        [5, 'kubectl', 0],
        [6, 'fence', 10],
      ],
      attempts: [post('up', 'a', [1, 11])],
      found: /neither the product nor the outside writer/,
    },
    {
      what: 'a bound that its hook does not have',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], atBound(5))],
      found: /no such bound/,
    },
    {
      what: 'an answer that senders take for the end',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], { status: 404, reason: 'UnknownToken' })],
      found: /unexpected: 404/,
    },
    {
      what: 'a post without a name that is said to be a copy',
      stored: byA(5),
      attempts: [post('up', 'a', [1, 11], duplicate(5, 6))],
      found: /a copy of nothing/,
    },
    {
      what: 'a delivery that ran twice',
      stored: [
        [5, 'a', 0],
        [6, 'a', 10],
        [7, 'b', 20],
      ],
      attempts: [named(post('up', 'a', [1, 11], stepped(5, 6))), named(post('up', 'b', [12, 21], stepped(6, 7)))],
      found: /one delivery ran from 5 to 6, and from 6 to 7/,
    },
    {
      what: 'a delivery that ran twice, once without an answer',
      stored: [
        [5, 'a', 0],
        [6, 'a', 10],
        [7, 'b', 20],
      ],
      attempts: [named(post('up', 'a', [1, 11])), named(post('up', 'b', [12, 21], stepped(6, 7)))],
      found: /explained as far as 5/,
    },
    {
      what: 'somebody else whose write was stored and is not there',
      stored: byA(5, 6),
      attempts: [post('up', 'a', [1, 11], stepped(5, 6))],
      outside: [{ ...outside, made: '77' }],
      found: /its 9 was stored as 77, and nobody saw that/,
    },
    {
      what: 'a write of nobody',
      stored: [
        [5, 'a', 0],
        [9, 'kubectl', 7],
      ],
      found: /neither the product nor the outside writer/,
    },
    {
      what: 'somebody else who wrote at another version than the one that was read',
      stored: [
        [5, 'a', 0],
        [6, 'a', 4],
        [9, 'kubectl', 9],
      ],
      attempts: [post('up', 'a', [1, 4], stepped(5, 6))],
      outside: [lostOutside],
      found: /neither the product nor the outside writer/,
    },
  ])('$what', ({ found, ...story }) => {
    expect(check(historyOf(story)).violations.join('\n')).toMatch(found)
  })

  const two = historyOf({
    stored: byA(5, 6, 7),
    attempts: [post('up', 'a', [1, 11], stepped(5, 6)), post('up', 'a', [12, 21], stepped(6, 7))],
  })

  it('versions that were not seen', () => {
    const history = { ...two, versions: two.versions.filter(({ count }) => count !== 6) }
    expect(check(history).violations.join('\n')).toContain('versions before it were not seen')
  })

  it('versions of a kind that numbers no generations, which are distinguished all the same', () => {
    const versions = two.versions.map(({ count, owners, resourceVersion, seenAt, target }) => ({
      target,
      resourceVersion,
      count,
      owners,
      seenAt,
    }))
    expect(check({ ...two, versions }).violations).toEqual([])
    const doubled = [...versions, ...versions.slice(-1).map(last => ({ ...last, resourceVersion: '9', count: 8 }))]
    expect(check({ ...two, versions: doubled }).violations).not.toEqual([])
  })

  it('a mark that was stored twice', () => {
    const owners = [['kubectl'], ['receiver-hooks.ia.1'], ['kubectl'], ['receiver-hooks.ia.1']]
    const versions = historyOf({
      stored: [
        [5, 'kubectl', 0],
        [6, 'a', 10],
        [5, 'kubectl', 12],
        [6, 'a', 20],
      ],
    }).versions.map((version, index) => ({ ...version, owners: owners[index] ?? [] }))
    const attempts = [post('up', 'a', [1, 11], stepped(5, 6)), post('up', 'a', [1, 21], stepped(5, 6))]
    const kubectl = [{ ...lostOutside, base: '2', to: 5 }]
    expect(check({ ...two, versions, attempts, outside: kubectl }).violations).toEqual([
      'web 5 to 6 (version 4): the mark receiver-hooks.ia.1 was stored twice',
    ])
  })

  it('a mark that no process signs with', () => {
    expect(check({ ...two, instances: [] }).violations.join('\n')).toContain('no process of the product signs with')
  })
})

/** Part of what a run on a real API server left, while a trigger and the API server were killed. */
const recorded = parsed(readFileSync(join(import.meta.dirname, 'recorded.jsonl'), 'utf8'))

describe('a recorded history', () => {
  it('is explained', () => {
    const { unanswered, unansweredApplied, violations } = check(recorded)
    expect(violations).toEqual([])
    expect(unansweredApplied).toBeGreaterThan(0)
    expect(unanswered).toBeGreaterThan(unansweredApplied)
  })

  it('is read as it was written', () => {
    expect(parsed(written(recorded))).toEqual(recorded)
  })

  /** Posts to targets of which every delivery was answered: nothing else can stand in for one. */
  const targetOf = new Map(recorded.hooks.map(({ name, target }) => [name, target]))
  const unanswered = new Set(recorded.attempts.filter(({ answer }) => !answer).map(({ hook }) => targetOf.get(hook)))
  const steps = recorded.attempts.flatMap((attempt, index) =>
    attempt.answer?.outcome === 'applied' && attempt.name === undefined && !unanswered.has(targetOf.get(attempt.hook))
      ? [{ index, attempt, answer: attempt.answer }]
      : [],
  )
  const some = fc.constantFrom(...steps)
  /** A check of the whole history takes a tenth of a second. */
  const checks = 20
  const found = (attempts: readonly Attempt[]): void => {
    expect(check({ ...recorded, attempts }).violations).not.toEqual([])
  }
  const replaced = (index: number, ...by: readonly Attempt[]): History['attempts'] =>
    recorded.attempts.toSpliced(index, 1, ...by)

  property(
    'with an answer whose step is not stored is not explained',
    [some],
    ({ attempt }) => found([...recorded.attempts, attempt]),
    checks,
  )

  property('with a step that no post asked for is not explained', [some], ({ index }) => found(replaced(index)), checks)

  property(
    'with a step that was answered 503 is not explained',
    [some],
    ({ attempt, index }) => found(replaced(index, { ...attempt, answer: unavailable })),
    checks,
  )

  property(
    'with a wrong count in an answer is not explained',
    [some, fc.constantFrom(1, -1)],
    (step, by) => {
      const { from = 0, to = 0 } = step.answer
      const answer: Answer = { ...step.answer, from: from + by, to: to + by }
      found(replaced(step.index, { ...step.attempt, answer }))
    },
    checks,
  )

  property(
    'in which somebody got no answer is explained all the same',
    [some],
    ({ attempt, index }) => {
      const { answer: _, ...silent } = attempt
      expect(check({ ...recorded, attempts: replaced(index, silent) }).violations).toEqual([])
    },
    checks,
  )
})
