import { jittered } from '../environment/chance.ts'
import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { LeaseImpossible, leaseLock, type LeaseLock, type LeaseOptions } from './lease.ts'

/** One time of leading. */
export interface Term {
  /** Aborted when the lease is lost, and when the process is to stop. */
  readonly stop: AbortSignal
  /** Whether the lease is certainly held at this moment, timers late or not. Ask it before every write that matters. */
  readonly holds: () => boolean
}

export interface ElectionOptions extends LeaseOptions {
  /** Is told why nobody can lead before a person has done something, and undefined when that is over. */
  readonly impossible?: (why: string | undefined) => void
}

/** A leader that could not renew for this long gives up: 5 s before another may take the lease. */
const renewDeadlineMs = 10_000

/** How often the leader renews, and the others look. */
const retryMs = 2_000

/** The others look after up to 2.2 times as long, by chance, so that they do not all write at one moment. */
const retryJitter = 1.2

/**
 * Campaigns for a Lease, as client-go's leader election does, and runs `lead` while it is held. When the lease is lost,
 * waits for `lead` to end and campaigns again. When `stop` is aborted, waits for `lead` to end, gives the lease up, so
 * that another need not wait, and resolves. Never rejects: what goes wrong, `lead` throwing too, is logged.
 */
export const elect = async (
  environment: Environment,
  options: ElectionOptions,
  lead: (term: Term) => Promise<void>,
  stop: AbortSignal,
): Promise<void> => {
  const { clock, log, metrics, random } = environment
  const { identity, name } = options
  const status = metrics.gauge('leader_election_master_status', '1 while this process leads, else 0.', ['name'])
  const lock = leaseLock(environment, options)
  const attempt = attempts(environment, lock, options.impossible)
  status.set({ name }, 0)
  while (!stop.aborted) {
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

/** When the lease was certainly held, the moment before the request was sent; or that another holds it, or nobody knows. */
type Attempt = () => Promise<number | 'taken' | 'unknown'>

/** What goes wrong again and again is logged once. */
const attempts = (
  { clock, log }: Environment,
  lock: LeaseLock,
  impossible: (why: string | undefined) => void = () => {},
): Attempt => {
  let trouble: string | undefined
  return async () => {
    const sentAt = clock.monotonic()
    try {
      const held = await lock.attempt()
      trouble = undefined
      impossible(undefined)
      return held ? sentAt : 'taken'
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const isImpossible = error instanceof LeaseImpossible
      impossible(isImpossible ? why : undefined)
      if (isImpossible && why !== trouble) log.error({}, why)
      else log[why === trouble ? 'debug' : 'warn']({ why }, 'the lease could not be taken or renewed')
      trouble = why
      return 'unknown'
    }
  }
}

/** Leads until the lease is lost, or until `lead` has ended and the lease is released. */
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

  // Renewing goes on while `lead` comes to its end: until then nobody else may begin.
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
  await lock.release().catch((error: unknown) => log.warn({ error }, 'the lease could not be released: it will expire'))
  return 'released'
}

const runLead = async ({ log }: Environment, lead: (term: Term) => Promise<void>, term: Term): Promise<void> => {
  try {
    await lead(term)
  } catch (error) {
    log.error({ error }, 'the leader failed')
  }
}
