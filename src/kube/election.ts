import { jittered } from '../environment/chance.ts'
import type { Environment } from '../environment/environment.ts'
import { wait, waitUntil } from '../environment/wait.ts'
import { LeaseImpossible, leaseLock, type LeaseLock, type LeaseOptions } from './lease.ts'

/** A period in which this process leads. */
export interface Term {
  /** Aborted when the lease is lost, and when the process should stop. */
  readonly stop: AbortSignal
  /**
   * Returns whether the lease is certainly held at this moment, even if timers are late. Call it
   * before every important write.
   */
  readonly holds: () => boolean
}

export interface ElectionOptions extends LeaseOptions {
  /**
   * Called after each attempt to take the lease. The argument is a reason if nobody can lead until
   * a person acts, otherwise undefined.
   */
  readonly impossible?: (why: string | undefined) => void
  /** Returns whether this process could do the work of a leader. Until then, it does not campaign. */
  readonly mayLead?: () => boolean
}

/** How often a process that may not lead yet looks whether it may, in milliseconds. */
const mayLeadPollMs = 10

/**
 * How long a leader may fail to renew the lease before it gives up, in milliseconds. That is 5 s
 * before another process may take the lease.
 */
const renewDeadlineMs = 10_000

/** How often the leader renews the lease and the others read it, in milliseconds. */
const retryMs = 2_000

/** The others wait up to 2.2 times as long, at random, so that they do not all write at the same time. */
const retryJitter = 1.2

/**
 * Campaigns for a Lease like client-go's leader election, and runs `lead` while it is held. When
 * the lease is lost, or `lead` ends by itself, it waits until `lead` has ended and campaigns again.
 * When `stop` is aborted, it waits until `lead` ends, releases the lease for others, and resolves.
 * It never rejects: errors, also of `lead`, are logged.
 */
export const elect = async (
  environment: Environment,
  options: ElectionOptions,
  lead: (term: Term) => Promise<void>,
  stop: AbortSignal,
): Promise<void> => {
  const { clock, log, metrics, random } = environment
  const { identity, mayLead = () => true, name } = options
  const status = metrics.gauge('leader_election_master_status', '1 while this process leads, else 0.', ['name'])
  const lock = leaseLock(environment, options)
  const attempt = attempts(environment, lock, options.impossible)
  status.set({ name }, 0)
  while (!stop.aborted) {
    await waitUntil(clock, mayLead, mayLeadPollMs, stop)
    if (stop.aborted) return
    const heldSince = await attempt()
    if (typeof heldSince !== 'number') {
      await wait(clock, jittered(random, retryMs, retryJitter), stop)
      continue
    }
    log.info({ lease: name, identity }, 'leading')
    status.set({ name }, 1)
    const ending = await serveTerm(environment, { lock, attempt, heldSince }, lead, stop)
    status.set({ name }, 0)
    log.info({ lease: name, identity, ending }, 'no longer leading')
    if (ending === 'released') await wait(clock, retryMs, stop)
  }
}

/**
 * Tries to take or renew the lease. If this process now holds it, resolves with the time just
 * before the request, in monotonic milliseconds. The lease's duration began at that time or later.
 * `taken`: another process holds the lease. `unknown`: it is unknown who holds it.
 */
type Attempt = () => Promise<number | 'taken' | 'unknown'>

/**
 * Returns a function that attempts to take or renew the lease. It logs an error that repeats only
 * once, except at the level debug.
 */
const attempts = (
  { clock, log }: Environment,
  lock: LeaseLock,
  impossible: (why: string | undefined) => void = () => {},
): Attempt => {
  let problem: string | undefined
  return async () => {
    const sentAt = clock.monotonic()
    try {
      const held = await lock.attempt()
      problem = undefined
      impossible(undefined)
      return held ? sentAt : 'taken'
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const isImpossible = error instanceof LeaseImpossible
      impossible(isImpossible ? why : undefined)
      if (isImpossible && why !== problem) log.error({}, why)
      else log[why === problem ? 'debug' : 'warn']({ why }, "can't take or renew the lease")
      problem = why
      return 'unknown'
    }
  }
}

/**
 * Runs `lead` and renews the lease until the lease is lost or `lead` has ended. Then waits for
 * `lead`, and releases the lease unless it is lost.
 */
const serveTerm = async (
  environment: Environment,
  { attempt, heldSince, lock }: { readonly attempt: Attempt; readonly heldSince: number; readonly lock: LeaseLock },
  lead: (term: Term) => Promise<void>,
  stop: AbortSignal,
): Promise<'lost' | 'released'> => {
  const { clock, log } = environment
  const lost = new AbortController()
  const ended = new AbortController()
  let renewedAt = heldSince
  const untilDeadline = (): number => renewedAt + renewDeadlineMs - clock.monotonic()
  const holds = (): boolean => !lost.signal.aborted && untilDeadline() > 0

  const leading = runLead(environment, lead, { stop: AbortSignal.any([stop, lost.signal]), holds }).finally(() =>
    ended.abort(),
  )
  const watchDeadline = (): void => {
    if (untilDeadline() > 0) cancelDeadline = clock.after(untilDeadline(), watchDeadline)
    else lost.abort()
  }
  let cancelDeadline = clock.after(untilDeadline(), watchDeadline)

  // While `lead` ends, the lease is still renewed. No other process may begin before that.
  const over = AbortSignal.any([lost.signal, ended.signal])
  while (!over.aborted) {
    await wait(clock, retryMs, over)
    if (over.aborted) break
    const held = await attempt()
    if (held === 'taken') lost.abort()
    else if (held !== 'unknown') renewedAt = held
  }
  cancelDeadline()
  await leading
  const toRelease = holds()
  renewedAt = -Infinity
  if (!toRelease) return 'lost'
  await lock.release().catch((error: unknown) => log.warn({ error }, "can't release the lease: it will expire"))
  return 'released'
}

const runLead = async ({ log }: Environment, lead: (term: Term) => Promise<void>, term: Term): Promise<void> => {
  try {
    await lead(term)
  } catch (error) {
    log.error({ error }, 'the leader failed')
  }
}
