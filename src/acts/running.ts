import type { OpenAct } from '../api/record.ts'
import type { Outcome } from '../api/outcome.ts'
import type { Environment } from '../environment/environment.ts'
import { within } from '../environment/wait.ts'
import { acted, withoutAct, type ActDone } from '../record/acts.ts'
import type { Ledger } from '../record/ledger.ts'
import type { Act, Work, Worked } from './acts.ts'

/** How long work goes on that an answer could not wait for, in milliseconds: some senders never send again. */
const maxWorkMs = 60_000

/** How many characters of what was done a row keeps. */
const maxSummary = 120

/** The acts that this process is at work on. Copies of one delivery that come meanwhile wait for the same work. */
export interface Running {
  /** Whether this process is at work on an act. */
  has(act: OpenAct): boolean
  /** Begins the work of an act, or joins it, and answers by the deadline. What is left then goes on. */
  answer(act: OpenAct, work: Work, asked: Asked): Promise<Outcome>
  /** Waits for all of it, for `ms` milliseconds at most. None goes on after that. */
  drain(ms: number): Promise<void>
  readonly idle: boolean
}

interface Asked {
  /** In monotonic milliseconds. */
  readonly deadline: number
  /** Where the act is remembered; absent where nothing has a say in it. */
  readonly ledger?: Ledger
  /** Whether the same delivery can be known when it is sent again. */
  readonly isNamed?: boolean
  /** Whether its sender may ask for its outcome later. */
  readonly isAskable?: boolean
}

interface Job {
  readonly worked: Promise<Worked>
  soFar: string
}

export const runningActs = ({ clock, log }: Pick<Environment, 'clock' | 'log'>): Running => {
  const jobs = new Map<string, Job>()
  let stopped = false

  const begin = (act: OpenAct, work: Work, { isAskable = false, ledger }: Asked): Job => {
    const end = clock.monotonic() + maxWorkMs
    const job: Job = {
      soFar: 'it has begun',
      worked: work(
        actOf(act),
        () => !stopped && clock.monotonic() < end,
        soFar => (job.soFar = soFar),
      ).then(worked => {
        remember(act, worked, isAskable, ledger)
        return worked
      }),
    }
    jobs.set(act.id, job)
    void job.worked
      .catch((error: unknown) => log.error({ act: act.id, error }, 'an act failed in a way it never should'))
      .finally(() => jobs.delete(act.id))
    return job
  }

  return {
    has: ({ id }) => jobs.has(id),
    answer: async (act, work, asked) => {
      const { deadline, isNamed = false } = asked
      const job = jobs.get(act.id) ?? begin(act, work, asked)
      const worked = await within(clock, deadline - clock.monotonic(), job.worked)
      if (worked?.worked === 'done' || worked?.worked === 'failed') return worked.outcome
      const isUnfinished =
        !worked || (worked.outcome.outcome === 'unavailable' && maybeBegun.has(worked.outcome.reason))
      // Without a name the delivery is not recognised when it is sent again.
      if (isUnfinished && !isNamed) return { outcome: 'unknown' }
      return (
        worked?.outcome ?? { outcome: 'unavailable', reason: 'Unfinished', message: `${job.soFar}; the rest goes on` }
      )
    },
    drain: async ms => {
      await within(clock, ms, Promise.allSettled([...jobs.values()].map(({ worked }) => worked)))
      stopped = true
    },
    get idle() {
      return jobs.size === 0
    },
  }
}

/** Of work that was ended: some of it may be done. */
const maybeBegun: ReadonlySet<string> = new Set(['Unfinished', 'WritesLimited'])

/** Remembers what is done. What failed may be begun again; what is unfinished stays open for the next copy of the delivery. */
const remember = (act: OpenAct, { outcome, worked }: Worked, isAskable: boolean, ledger: Ledger | undefined): void => {
  if (worked === 'done') ledger?.later(draft => acted(draft, act, doneOf(outcome, isAskable)))
  if (worked === 'failed') ledger?.later(draft => withoutAct(draft, act))
}

const doneOf = (outcome: Outcome, isAskable: boolean): ActDone => {
  const ran = outcome.outcome === 'applied'
  const summary = summaryOf(outcome)
  if (!isAskable) return { summary, ran }
  if (outcome.outcome === 'skipped' || outcome.outcome === 'failed') return { summary, ran, reason: outcome.reason }
  return { summary, ran, evidence: 'evidence' in outcome ? outcome.evidence : undefined }
}

const summaryOf = (outcome: Outcome): string => {
  const summary = 'summary' in outcome ? outcome.summary : 'message' in outcome ? outcome.message : outcome.outcome
  return summary.slice(0, maxSummary)
}

/** An act as its work sees it: as old as the notification that asked for it. */
export const actOf = ({ at, id, newsAt = 0 }: OpenAct): Act => ({ id, at: newsAt > 0 ? newsAt : at })
