import type { OpenAct } from '../api/record.ts'
import type { Outcome } from '../api/outcome.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import { within } from '../environment/wait.ts'
import { acted, maxWorkMs, withoutAct, type ActDone } from '../record/acts.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Ledger } from '../record/ledger.ts'
import type { Act, ActOptions, EndedWork, Work, Worked } from './acts.ts'

/**
 * How long a process may work on a serial act, in milliseconds. Its last request ends within three
 * seconds more. So a process that has seen the act for {@link heldMs} knows that this work is over.
 */
const serialWorkMs = 6_000
const heldMs = 10_000

/**
 * How long an act is held that this process has left unfinished, in milliseconds. Its last request may
 * have been given up a moment ago, and the API server may still store it. With {@link heldMs}, others wait as
 * long.
 */
const heldAfterMs = 1000

/** No wall clock is as wrong as this, in milliseconds. An act that looks this old is held by nobody. */
const certainMs = 3_600_000

/**
 * How many acts are known that this process has left unfinished, or that others may work on. A record has
 * at most 256, so it takes the acts of some eighty hooks to displace those of another.
 */
const maxLeft = 20_000

/** The maximum length of the summary that a row stores, in characters. */
const maxSummary = 120

interface Asked extends Pick<ActOptions, 'ended'> {
  /** When the post must be answered, in monotonic milliseconds. */
  readonly deadline: number
  /** The record that remembers the act. Absent if none does. */
  readonly ledger?: Ledger | undefined
  /** True if the delivery has an idempotency key, so that a copy of it is recognised. */
  readonly isNamed?: boolean
  /** Whether the sender can ask for the delivery's outcome later. */
  readonly isAskable?: boolean
  /** Whether the delivery has begun the act before. */
  readonly isResumed?: boolean
  /** When this process was given a serial act, in monotonic milliseconds. Absent for other acts. */
  readonly givenAt?: number | undefined
}

interface Job {
  readonly worked: Promise<Worked>
  /** The outcomes of the posts that wait or have waited for the work. */
  readonly answers: Promise<Outcome>[]
  /** Reports that the work has ended. Only the first call counts. */
  end: (ended: Pick<EndedWork, 'isAnswered' | 'outcome'>) => void
  /** Resolves when the work has ended and is reported. */
  over: Promise<void>
  soFar: string
}

/**
 * The acts that this process is working on. Copies of one delivery that arrive meanwhile wait for
 * the same work.
 */
export type Running = ReturnType<typeof runningActs>

export const runningActs = ({ clock, log }: Pick<Environment, 'clock' | 'log'>) => {
  const jobs = new Map<string, Job>()
  /** By id, the turn in which this process has left an act unfinished, and when, in monotonic milliseconds. */
  const left = new BoundedMap<string, { readonly turn: string; readonly at: number }>(maxLeft)
  /** By id and turn, when this process first saw an act that others may work on, in monotonic milliseconds. */
  const seen = new BoundedMap<string, number>(maxLeft)
  let stopped = false

  /** Notes that this process does not work on a serial act that it was given, or has left an act unfinished. */
  const leave = (act: OpenAct): void => {
    left.set(act.id, { turn: turnOf(act), at: clock.monotonic() })
  }

  const begin = (act: OpenAct, work: Work, asked: Asked): Job => {
    const { ended, givenAt, isAskable = false, isNamed = false, isResumed = false, ledger } = asked
    const end = givenAt === undefined ? clock.monotonic() + maxWorkMs : givenAt + serialWorkMs
    const resumedAt = isResumed ? clock.now() : undefined
    let wasDone: EndedWork['wasDone'] = draft => isDone(draft, act)
    const job: Job = {
      answers: [],
      end: how => {
        job.end = () => {}
        ended?.({ ...how, wasDone })
      },
      over: Promise.resolve(),
      soFar: 'it has begun',
      // A post whose work is over may begin it again at once, and must not find this job then.
      worked: work(
        { ...actOf(act), isResumed },
        () => Promise.resolve(!stopped && clock.monotonic() < end),
        soFar => (job.soFar = soFar),
      )
        .then(worked => {
          wasDone = remember(act, worked, { isAskable, isNamed, resumedAt, now: clock.now() }, ledger)
          if (worked.worked === 'unfinished') leave(act)
          return worked
        })
        .finally(() => jobs.delete(act.id)),
    }
    left.delete(act.id)
    jobs.set(act.id, job)
    job.over = job.worked
      .then(async ({ outcome }) => {
        const answers = await Promise.all(job.answers)
        job.end({ outcome, isAnswered: answers.includes(outcome) })
      })
      .catch((error: unknown) => log.error({ act: act.id, error }, 'an act failed unexpectedly'))
    return job
  }

  return {
    /**
     * Returns whether an act must wait for nobody: this process is working on it, or was the last to
     * work on it and has left it unfinished.
     */
    has: ({ id }: OpenAct): boolean => jobs.has(id) || left.has(id),
    /** Returns whether this process is working on an act. */
    isRunning: ({ id }: OpenAct): boolean => jobs.has(id),
    /**
     * Notes when a serial act is first seen, and returns whether a process may be working on it. The wall clocks of
     * processes differ, so this is decided by how long this process has seen the act, with the same turn. Only an act
     * that is much older is believed to be so.
     */
    noteHeld: (act: OpenAct): boolean => {
      if (jobs.has(act.id)) return true
      const now = clock.monotonic()
      const own = left.get(act.id)
      if (own?.turn === turnOf(act)) return now - own.at < heldAfterMs
      // The time of an act says nothing about who has taken it up since.
      if (act.turn === undefined && Math.abs(clock.now() - act.at) > certainMs) return false
      const key = `${act.id} ${turnOf(act)}`
      const since = seen.get(key) ?? now
      seen.set(key, since)
      return now - since < heldMs
    },
    leave,
    /** Begins the work of an act, or joins it. Answers by the deadline; the work may continue afterwards. */
    answer: async (act: OpenAct, work: Work, asked: Asked): Promise<Outcome> => {
      const { deadline, isNamed = false } = asked
      const job = jobs.get(act.id) ?? begin(act, work, asked)
      const answer = within(clock, deadline - clock.monotonic(), job.worked).then(worked =>
        outcomeForPost(worked, job.soFar, isNamed),
      )
      job.answers.push(answer)
      return await answer
    },
    /**
     * Waits at most `ms` milliseconds for all work. After that, the rest has to end: its
     * `mayContinue` resolves with false.
     */
    drain: async (ms: number): Promise<void> => {
      await within(clock, ms, Promise.all([...jobs.values()].map(({ over }) => over)))
      stopped = true
      for (const job of jobs.values())
        job.end({ outcome: unfinishedOutcome(job.soFar, 'its process has ended'), isAnswered: false })
    },
    get idle(): boolean {
      return jobs.size === 0
    },
  }
}

/** Returns what a post gets whose work has ended. `worked` is undefined if it goes on. */
const outcomeForPost = (worked: Worked | undefined, soFar: string, isNamed: boolean): Outcome => {
  if (worked?.worked === 'done' || worked?.worked === 'failed') return worked.outcome
  const isUnfinished = !worked || (worked.outcome.outcome === 'unavailable' && maybeBegun.has(worked.outcome.reason))
  // Without an idempotency key, a copy would not be recognised. A 503 would promise that
  // sending again is safe.
  if (isUnfinished && !isNamed) return { outcome: 'unknown' }
  return worked?.outcome ?? unfinishedOutcome(soFar, 'the rest continues')
}

const unfinishedOutcome = (soFar: string, rest: string): Outcome => ({
  outcome: 'unavailable',
  reason: 'Unfinished',
  message: `${soFar}; ${rest}`,
})

/** The reasons of acts that were ended early. A part of their work may be done. */
const maybeBegun: ReadonlySet<string> = new Set(['Unfinished', 'WritesLimited'])

/** Returns whether the sender of unfinished work is asked to send it again, or its delivery is decided again. */
const asksForAnother = ({ outcome, ...more }: Outcome): boolean =>
  outcome === 'changed' || (outcome === 'unavailable' && 'reason' in more && !maybeBegun.has(more.reason))

interface Remembering {
  readonly isAskable: boolean
  readonly isNamed: boolean
  readonly resumedAt: number | undefined
  /** The present time, in milliseconds since the epoch. */
  readonly now: number
}

/**
 * Stores in the record how the work of an act has ended. After a failure, the act is removed and
 * may begin again. If work remains, the act stays open for the next copy, if there can be one. Returns a
 * function that says of a draft with this update whether the act was done before.
 */
const remember = (
  act: OpenAct,
  worked: Worked,
  { isAskable, isNamed, now, resumedAt }: Remembering,
  ledger: Ledger | undefined,
): EndedWork['wasDone'] => {
  if (!ledger) return () => false
  if (worked.worked === 'unfinished') {
    // Without an idempotency key, what is sent again is another delivery, which this act must not keep from running.
    if (!isNamed && asksForAnother(worked.outcome)) ledger.later(draft => withoutAct(draft, act))
    return draft => isDone(draft, act)
  }
  // Each update may run on several drafts, always with those that were added after it.
  let wasDone = false
  ledger.later(draft => {
    wasDone = isDone(draft, act)
    if (worked.worked === 'failed') return withoutAct(draft, act)
    const { ran, ...done } = doneOf(worked.outcome, isAskable)
    // The process that has changed something may have ended before it could say so.
    const hasRun = ran || (resumedAt !== undefined && worked.wasDone === true)
    acted(draft, act, { ...done, ran: hasRun, resumedAt }, now)
  })
  return () => wasDone
}

/** Returns whether an act that was begun is done. It may have failed, or be forgotten, if it is not open. */
const isDone = (draft: MemoryDraft, { id, key }: OpenAct): boolean =>
  draft.get(key)?.state === 'acted' && !(draft.fields.acts ?? []).some(open => open.id === id)

export const doneOf = (outcome: Outcome, isAskable: boolean): ActDone => {
  const ran = outcome.outcome === 'applied'
  const summary = summaryOf(outcome)
  if (outcome.outcome === 'skipped' || outcome.outcome === 'failed') return { summary, ran, reason: outcome.reason }
  if (!isAskable) return { summary, ran }
  return { summary, ran, evidence: 'evidence' in outcome ? outcome.evidence : undefined }
}

const summaryOf = (outcome: Outcome): string => {
  const summary = 'summary' in outcome ? outcome.summary : 'message' in outcome ? outcome.message : outcome.outcome
  return summary.slice(0, maxSummary)
}

/**
 * Returns a text that identifies one turn of an act. An act that has failed can begin again with the
 * same id, so the text has its beginning, too.
 */
const turnOf = ({ at, turn = 0 }: OpenAct): string => `${at}/${turn}`

/** Returns the act of an open act in the record. Its time is that of the event, if known, unless it is repeated. */
export const actOf = ({ at, id, newsAt = 0, repeats = false }: OpenAct): Act =>
  newsAt > 0 && !repeats ? { id, at: newsAt, isDated: true } : { id, at }
