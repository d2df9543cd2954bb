import type { Violation } from '../happened.ts'
import type { Timeline } from './timeline.ts'

/**
 * The most requests of one process in the quiet six seconds at the end: a lease is renewed three times, the last posts are
 * still reported in the statuses, and some senders still try again. A process in a loop makes hundreds.
 */
const mostRequests = 60

/** Liveness: what can be seen at once to be wrong, and loops that spin although nothing is to be done. */
export const checkQuiet = ({ happened }: Timeline): readonly Violation[] => {
  const broken = happened.flatMap(entry => (entry.what === 'broken' ? [{ promise: 'liveness', why: entry.why }] : []))
  const quiet = happened.findLastIndex(entry => entry.what === 'world' && entry.did === 'is quiet')
  const requests = new Map<string, number>()
  for (const entry of happened.slice(quiet)) {
    if (entry.what === 'request') requests.set(entry.process, (requests.get(entry.process) ?? 0) + 1)
  }
  const busy = [...requests].flatMap(([process, count]) =>
    count > mostRequests
      ? [{ promise: 'liveness', why: `nothing is to be done, and ${process} made ${count} requests in 6 s` }]
      : [],
  )
  return [...broken, ...busy]
}
