import type { Act, MayContinue, Worked } from '../../acts/acts.ts'
import type { Problem } from '../../api/conditions.ts'
import { checkedMilliseconds } from '../../api/duration.ts'
import type { Outcome } from '../../api/outcome.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { NotSent, Unreachable } from '../../environment/unreachable.ts'
import { wait } from '../../environment/wait.ts'
import { readFailureOf } from '../../kube/errors.ts'
import { read } from '../../kube/requests.ts'
import type { Driver, Execution } from '../driver.ts'
import { hopsOf, maxHops, requestTo } from './request.ts'
import { forwardDeclaration, largestTimeoutMs, type Forward, type forwardSchema } from './schema.ts'
import { addressOf, serviceType } from './service.ts'
import type { DriverRights } from '../driver-rights.ts'

/** The driver's rights. None is granted by default. It writes no object, so no policy limits its writes. */
const forwardRights: DriverRights = {
  given: 'where bound',
  trigger: [
    {
      group: '',
      resource: 'services',
      verbs: ['get'],
      why: 'to find the cluster IP of the Service, and to refuse a Service that can lead anywhere',
    },
  ],
  author: [
    {
      group: "''",
      resource: "'services'",
      subresource: 'proxy',
      name: 'self.service.name',
      verb: 'create',
      does: "'post to Service/' + self.service.name",
      right: '`create` on `services/proxy` of the Service',
      why: 'the hook posts to the Service',
    },
  ],
  keeps: [],
}

/** The pause before a Service is tried again. */
const tryAgain: Backoff = { firstMs: 100, maxMs: 800 }

/** The time limit of the read of the Service, in milliseconds. */
const readWithinMs = 1000

/** How long after it was read an address is used, in milliseconds. */
const usedWithinMs = 100

/** Passes the post on to a Service, at least once, with one idempotency key for all tries. */
export const forward = {
  ...forwardDeclaration,
  // A hook names its Service and a port, and no kind. So there is nothing to choose from a list.
  targets: [],
  rights: forwardRights,
  object: ({ service }) => ({ type: serviceType, name: service.name }),
  target: ({ service }) => `Service/${service.name}`,
  describe: ({ path, service }) => `pass the post on to port ${service.port}, path ${path}`,
  worst: ({ path, service }, target) => `post anything to port ${service.port} of ${target}, path ${path}`,

  async validate({ service }, reading): Promise<Problem | undefined> {
    const found = addressOf(await reading.getWhole(serviceType, service.name), service, reading.namespace)
    if ('host' in found) return undefined
    return { ...found, lasts: found.reason === 'TargetNotFound' ? 'reconciling' : 'stalled' }
  },

  needs: ({ service }) => [{ type: serviceType, name: service.name, verbs: ['get'] }],

  // The trigger itself sends the post, so no request shows whether the account may.
  needsOfAccount: ({ service }) => [{ type: serviceType, subresource: 'proxy', name: service.name, verbs: ['create'] }],

  execute:
    member =>
    async ({ identity }, execution) => {
      const isNamed = identity !== undefined
      // While one process waits for the Service, a copy of the delivery waits for that process.
      return await execution.acts.once(
        async (act, mayContinue) => withWhatNext(await passOn(member, act, execution, mayContinue), isNamed),
        { alone: true },
      )
    },
} satisfies Driver<'forward', typeof forwardSchema>

/**
 * Passes the post on, until the Service has answered or the time is over. A further try begins only
 * while it can have its whole time, because a shorter one would disturb a slow Service for nothing.
 */
const passOn = async (member: Forward, act: Act, execution: Execution, mayContinue: MayContinue): Promise<Worked> => {
  const { clock, post } = execution
  const hops = hopsOf(post)
  if (hops === undefined) {
    const message = `hooks have already passed this post on ${maxHops} times: they may form a loop`
    return failed('TooManyHops', message)
  }
  const last = clock.monotonic() + largestTimeoutMs - checkedMilliseconds(member.timeout)
  let worked: Worked | undefined
  let mayHaveArrived = act.isResumed === true
  for (let tries = 0; ; tries++) {
    const tried = await tryOnce(member, act, execution, { hops, mayContinue })
    if (tried === 'over') return worked ?? { ...unavailable('nothing was sent'), isUntouched: true }
    // The Service may still do what an earlier try asked for. So the act and its key live on.
    const now: Worked = tried.worked === 'failed' && mayHaveArrived ? { ...tried, worked: 'unfinished' } : tried
    // The sender has to know that the Service may have received the post, also if it cannot be read any more.
    const isUnread = now.worked === 'unfinished' && !isFailed(now) && !isOfService(now)
    worked = isUnread && mayHaveArrived ? (worked ?? unavailable(`can't read Service/${member.service.name}`)) : now
    if (isFailed(worked)) return worked
    mayHaveArrived ||= isOfService(worked)
    const pauseMs = waitAfter(tryAgain, tries)
    if (worked.worked !== 'unfinished' || clock.monotonic() + pauseMs > last) return worked
    await wait(clock, pauseMs)
    if (!(await mayContinue())) return worked
  }
}

/**
 * Reads the Service, and sends the post once, to the very address that was read and checked. Resolves with
 * `over` if the work may not continue. Then nothing was sent.
 */
const tryOnce = async (
  member: Forward,
  act: Act,
  execution: Execution,
  { hops, mayContinue }: { readonly hops: number; readonly mayContinue: MayContinue },
): Promise<Worked | 'over'> => {
  const { outbound } = execution
  const { service, timeout } = member
  const object = `Service/${service.name}`
  try {
    const found = await addressNow(member, execution, mayContinue)
    if (found === 'over') return found
    if ('reason' in found) return failed(found.reason, found.message)
    return await outbound(requestTo(member, found, act, hops, execution)).then(
      ({ status }) => workedBy(status, member),
      (error: unknown) => {
        if (error instanceof NotSent) return forwarded(member, 'not sent')
        if (!(error instanceof Unreachable)) throw error
        // The message of the error has the address, which is not for senders.
        return unavailable(`can't reach ${object}, or it didn't answer completely within ${timeout}`)
      },
    )
  } catch (error) {
    const { failure, message } = readFailureOf(error)
    switch (failure) {
      case 'forbidden':
        return failed('Forbidden', message)
      case 'too large':
        return failed('TooLarge', message)
      case 'unreachable':
        return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'ApiUnreachable', message } }
    }
  }
}

/**
 * Reads where the Service takes requests, or why it takes none. The address is used at once, because it
 * may change. So the Service is read again if it took longer to find out whether the work may continue.
 */
const addressNow = async (
  { service }: Forward,
  { api, clock, hook: { namespace } }: Pick<Execution, 'api' | 'clock' | 'hook'>,
  mayContinue: MayContinue,
): Promise<ReturnType<typeof addressOf> | 'over'> => {
  const options = { lane: 'act', timeoutMs: readWithinMs } as const
  for (;;) {
    const found = addressOf(await read(api, serviceType, namespace, service.name, options), service, namespace)
    const readAt = clock.monotonic()
    if ('reason' in found) return found
    if (!(await mayContinue())) return 'over'
    if (clock.monotonic() - readAt < usedWithinMs) return found
  }
}

/**
 * The statuses after which the same request may succeed later, in addition to 5xx. A Service answers 409
 * while it works on an earlier request with the same idempotency key.
 */
const passing: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** Returns the result for the status with which the Service has answered. */
const workedBy = (status: number, member: Forward): Worked => {
  if (status >= 200 && status <= 299) return forwarded(member, String(status))
  const object = `Service/${member.service.name}`
  if (status >= 500 || passing.has(status)) return unavailable(`${object} answered ${status}`)
  const hint = status >= 300 && status <= 399 ? ", and redirects aren't followed: correct the path" : ''
  return failed('ServiceAnswered', `${object} answered ${status}${hint}`)
}

/** Returns the result of a post that was passed on. The path may be a secret of the Service, so it is left out. */
const forwarded = ({ service }: Forward, to: string): Worked => {
  const object = `Service/${service.name}`
  const changes = [{ object, part: `port ${service.port}`, to }]
  return {
    worked: 'done',
    outcome: { outcome: 'applied', reason: 'Forwarded', summary: `passed the post on to ${object}`, changes },
  }
}

const failed = (reason: Extract<Outcome, { outcome: 'failed' }>['reason'], message: string): Worked => ({
  worked: 'failed',
  outcome: { outcome: 'failed', reason, message },
})

const unavailable = (message: string): Extract<Worked, { worked: 'unfinished' }> => ({
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'ServiceUnavailable', message },
})

const isFailed = ({ outcome }: Worked): boolean => outcome.outcome === 'failed'

const isOfService = ({ outcome }: Worked): boolean =>
  outcome.outcome === 'unavailable' && outcome.reason === 'ServiceUnavailable'

/** Adds what another post does to the message of a result after which the Service may have received the post. */
const withWhatNext = (worked: Worked, isNamed: boolean): Worked => {
  const { outcome } = worked
  if (outcome.outcome !== 'unavailable' || outcome.reason !== 'ServiceUnavailable') return worked
  const next = isNamed ? 'with the same idempotency key' : 'as another delivery, with another idempotency key'
  return { ...worked, outcome: { ...outcome, message: `${outcome.message}; a retry is passed on ${next}` } }
}
