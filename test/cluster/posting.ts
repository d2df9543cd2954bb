import { expect, onTestFinished } from 'vitest'
import { objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { post, until, type Cluster, type Posted } from '../support/product.ts'

/** Attempts to open a watch stand this far apart, at most, in milliseconds. */
export const reopenedWithinMs = 30_000

/** A post is answered, or its connection closed, within 4 s, and this much later on a busy machine. In milliseconds. */
const answeredWithinMs = 30_000

export type Tried = Posted | 'no answer'

/** Returns a post's answer, or how its connection ended. */
export const tried = async (url: string): Promise<Tried> => {
  const began = nodeClock.monotonic()
  const answer = await post(url).catch(() => 'no answer' as const)
  expect(nodeClock.monotonic() - began).toBeLessThan(answeredWithinMs)
  return answer
}

export const isAnswered =
  (status: number) =>
  (answer: Tried): boolean =>
    answer !== 'no answer' && answer.status === status

export const isOrderly503 = (answer: Tried): boolean =>
  answer !== 'no answer' && answer.status === 503 && answer.headers.get('retry-after') !== null

/** What senders saw of one hook. */
interface Tally {
  /** The counts that a 200 named, in the order of the answers. */
  readonly counts: number[]
  readonly others: Posted[]
  unanswered: number
}

/** Posts without a pause until `stop` is aborted. */
const postOn = async (url: string, tally: Tally, stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    const answer = await tried(url)
    if (answer === 'no answer') tally.unanswered += 1
    else if (answer.status === 200) tally.counts.push(Number(answer.body['to']))
    else tally.others.push(answer)
  }
}

/** Senders that post to hooks at the same time, each without a pause. */
export interface Posting {
  /** How many posts have been answered 200 so far, of the hook with the fewest. */
  readonly served: () => number
  /** Lets them finish their last post. Resolves with what they saw of each hook. */
  readonly end: () => Promise<ReadonlyMap<string, Readonly<Tally>>>
}

/** Begins to post to the hooks of these names, with `each` senders a hook. */
export const posting = (urls: ReadonlyMap<string, string>, each: number): Posting => {
  const tallies = new Map(
    [...urls.keys()].map((name): [string, Tally] => [name, { counts: [], others: [], unanswered: 0 }]),
  )
  const stop = new AbortController()
  const senders = Promise.all(
    [...tallies].flatMap(([name, tally]) =>
      Array.from({ length: each }, () => postOn(urls.get(name) ?? '', tally, stop.signal)),
    ),
  )
  // A test that fails before it ends them leaves no sender behind, and a failure of theirs is one of `end`.
  senders.catch(() => undefined)
  onTestFinished(() => stop.abort())
  return {
    served: () => Math.min(...[...tallies.values()].map(({ counts }) => counts.length)),
    end: async () => {
      stop.abort()
      await senders
      return tallies
    },
  }
}

/** How long it may take until posts are served again, in milliseconds. */
const servedWithinMs = 30_000

/** Waits until so many posts to each hook have been answered 200. */
export const served = ({ served: least }: Posting, count: number): Promise<number> =>
  until(
    async () => least(),
    so => so >= count,
    servedWithinMs,
  )

/** Deployments at 0 replicas, each with a hook of its name that adds one. */
export const createTargets = async (here: Cluster, names: readonly string[]): Promise<void> => {
  for (const name of names) await here.createDeployment(name, 0)
  for (const name of names) await here.createHook(name, { target: { name }, max: 1_000_000 })
}

/**
 * Checks that each 200 was a step of its own, a post without an answer at most one, and nothing else was any: promise 1. Answers
 * but 200 were 503 with Retry-After.
 */
export const expectExact = async (here: Cluster, tallies: ReadonlyMap<string, Readonly<Tally>>): Promise<void> => {
  for (const [name, { counts, others, unanswered }] of tallies) {
    const count = await here.replicas(name)
    expect(new Set(counts).size, `${name}: two posts got the same count`).toBe(counts.length)
    expect(count, `${name}: each 200 is a step`).toBeGreaterThanOrEqual(counts.length)
    expect(count, `${name}: nothing else is one`).toBeLessThanOrEqual(counts.length + unanswered)
    expect(others.filter(answer => !isOrderly503(answer)).map(({ body }) => body)).toEqual([])
  }
}

/** Deletes a hook, however long the API server takes, by the test's own connection. */
export const deleteHook = async ({ api, namespace }: Cluster, name: string): Promise<void> => {
  const path = objectPath(hooks, namespace, name)
  const { status } = await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 60_000 })
  expect(status).toBe(200)
}

/** After so long a deleted hook runs nothing more, in milliseconds: promise 5. */
const goneWithinMs = 2_000

/** Checks that a hook that was deleted just now runs nothing soon, and is answered 410 then. A busy API server is waited for with 503. */
export const expectGone = async (url: string): Promise<void> => {
  const deletedAt = nodeClock.monotonic()
  const ran: Tried[] = []
  await until(async () => {
    const isLate = nodeClock.monotonic() > deletedAt + goneWithinMs
    const answer = await tried(url)
    if (isLate && isAnswered(200)(answer)) ran.push(answer)
    return answer
  }, isAnswered(410))
  expect(ran).toEqual([])
}
