import type { Happened, Violation } from '../happened.ts'
import { isPage, pagesIn } from '../rows.ts'
import type { Timeline } from './timeline.ts'

/**
 * The most requests of one process in the quiet six seconds at the end: a lease is renewed three times, the last posts are
 * still reported in the statuses, and some senders still try again. A process in a loop makes hundreds.
 */
const maxRequests = 60

/** How many requests one write of a count can take, with those of its record and pages: as at the end of a lease. */
const ofWrite = 20

/** Liveness: what can be seen at once to be wrong, and loops that spin although nothing is to be done. */
export const checkQuiet = ({ happened }: Timeline): readonly Violation[] => {
  const restoredAt = happened.findIndex(({ what }) => what === 'set back')
  // A version that is used again may be that of another object, for which what a controller writes is no whole status.
  const isOfRestore = (why: string, place: number): boolean =>
    restoredAt >= 0 &&
    place > restoredAt &&
    (why.endsWith("can't be written until it changes") ||
      (why.includes('a page of the record is lost') && losesPage(happened, restoredAt)))
  const broken = happened.flatMap((entry, place) =>
    entry.what === 'broken' && !isOfRestore(entry.why, place) ? [{ promise: 'liveness', why: entry.why }] : [],
  )
  const quiet = happened.findLastIndex(entry => entry.what === 'world' && entry.did === 'is quiet')
  const requests = new Map<string, number>()
  const writes = new Map<string, number>()
  const count = (counts: Map<string, number>, process: string): void =>
    void counts.set(process, (counts.get(process) ?? 0) + 1)
  for (const entry of happened.slice(quiet)) {
    if (entry.what === 'request') count(requests, entry.process)
    if (entry.what === 'folded') count(writes, entry.process)
  }
  // After a restore, the claims of the lost history are given up, and their evidence is searched once more.
  const most = restoredAt < 0 ? maxRequests : 2 * maxRequests
  const busy = [...requests].flatMap(([process, made]) =>
    made > most + ofWrite * (writes.get(process) ?? 0)
      ? [{ promise: 'liveness', why: `nothing is to be done, and ${process} made ${made} requests in 6 s` }]
      : [],
  )
  return [...broken, ...busy]
}

/** Whether a request from before the restore, which an API server had held, makes a restored record list a page that is not there. */
const losesPage = (happened: readonly Happened[], restoredAt: number): boolean =>
  deletesPage(happened, restoredAt) || listsLostPage(happened, restoredAt)

/** How long an answer may be on its way, in milliseconds. */
const answersWithinMs = 2000

/**
 * Whether such a request deleted a page, which the restored record may list. The answer to a write of the lost history may come after the
 * restore, and the page that the written record does not list any more is deleted then.
 */
const deletesPage = (happened: readonly Happened[], restoredAt: number): boolean => {
  const until = (happened[restoredAt]?.at ?? Infinity) + answersWithinMs
  return happened
    .slice(restoredAt)
    .some(entry => entry.what === 'written' && entry.changed && entry.sentAt < until && isOfPage(entry.asked))
}

const isOfPage = (asked: string): boolean => /^DELETE .*[/]receiverhookrecords[/]page-/.test(asked)

/** Whether such a request stored a record that lists a page of the lost history. The restored record had the version that it replaces. */
const listsLostPage = (happened: readonly Happened[], restoredAt: number): boolean => {
  const back = happened[restoredAt]?.at
  const lost = new Set(
    happened
      .slice(0, restoredAt)
      .flatMap(entry =>
        entry.what === 'stored' && entry.deleted && entry.at === back && isPage(entry.object)
          ? [entry.object.metadata.name]
          : [],
      ),
  )
  return happened
    .slice(restoredAt)
    .some(entry => entry.what === 'stored' && pagesIn(entry.object['content']).some(name => lost.has(String(name))))
}
