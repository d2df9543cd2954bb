import type { Happened, Violation } from '../happened.ts'
import { claimsIn, tokenIn } from '../world/published.ts'
import type { Timeline } from './timeline.ts'

/** Promise 8: no restart and no change of leader changes a URL, or writes what was already so. */
export const checkPublishing = (timeline: Timeline): readonly Violation[] => [
  ...changedURLs(timeline),
  ...timeline.happened.flatMap((happened, place) => idleWrite(timeline, happened, place)),
]

/** As long as the signing key is the same, a hook of one uid and rotation has one token, wherever it stands. */
const changedURLs = ({ happened }: Timeline): readonly Violation[] => {
  const first = new Map<string, string>()
  return happened.flatMap(entry => {
    if (entry.what !== 'stored') return []
    const [hook, token] = tokenIn(entry.resource, entry.object)
    if (token === undefined) return []
    const { kid, rotation, uid } = claimsIn(token)
    const which = `${uid} ${rotation} ${kid}`
    const known = first.get(which) ?? token
    first.set(which, known)
    if (known === token) return []
    return [{ promise: '8', why: `${hook} has another token, though its rotation is still ${rotation}` }]
  })
}

/** Leases and Events are written again and again by their nature. Each trigger that had a part in the write of a request answers it. */
const repeating = /\/(leases|events|receiverhookrecords|receiverhookrequests)(\/|$)/

const idleWrite = (timeline: Timeline, happened: Happened, place: number): readonly Violation[] => {
  if (happened.what !== 'written' || happened.changed || happened.status >= 300) return []
  if (repeating.test(happened.asked)) return []
  const hook = /receiverhooks\/([^/]+)\/status$/.exec(happened.asked)?.[1]
  if (hook !== undefined && isBehind(timeline, happened.process, hook, place)) return []
  if (wasLost(timeline, happened, place)) return []
  return [{ promise: '8', why: `${happened.process} wrote what was already so: ${happened.asked}` }]
}

/** How long a request can be on its way, in milliseconds. */
const maxWayMs = 20_000

/** Whether the same was asked before without an answer: then either of the two may come late. */
const wasLost = (
  { happened }: Timeline,
  { asked, at, process }: Extract<Happened, { what: 'written' }>,
  place: number,
): boolean =>
  happened.some(
    (entry, index) =>
      entry.what === 'request' &&
      entry.process === process &&
      entry.asked.startsWith(asked) &&
      index < place &&
      at - entry.at < maxWayMs &&
      !/^[2-4]\d\d$/.test(entry.became),
  )

/** Returns whether a process has not received yet what a hook says. */
const isBehind = ({ hooks, knowledge }: Timeline, process: string, hook: string, place: number): boolean => {
  const current = hooks.get(hook)?.findLast(version => version.place < place)
  const heard = knowledge.get(process)?.hooks.heard.findLast(entry => entry.place < place)
  return (heard?.version ?? 0) < (current?.version ?? 0)
}
