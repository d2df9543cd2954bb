import type { Environment } from '../environment/environment.ts'
import type { Acts } from '../acts/acts.ts'
import type { ActService } from '../acts/once.ts'
import { within } from '../environment/wait.ts'
import { toConfirm } from '../record/changes.ts'
import type { Definitions } from '../kube/definitions.ts'
import type { Signed } from '../record/judge.ts'
import type { Ledgers } from '../record/ledgers.ts'
import type { StepService } from '../steps/service.ts'
import { answerTo, onceUnspent, refusal, unavailable, type TriggerAnswer } from './answer.ts'
import type { Bar } from './auth.ts'
import type { Budget } from './budget.ts'
import type { Authenticate } from './authenticate.ts'
import type { Distrust } from './distrust.ts'
import { execute } from './execute.ts'
import type { CheckGenuine } from './genuine.ts'
import type { LiveHook } from './hook.ts'
import { closedUnread } from './gates.ts'
import type { Intake } from './intake.ts'
import { answerWithinMs, mostRounds, provenForMs } from './limits.ts'
import { pacedActs } from './paced-acts.ts'
import { postedBody, type PostedBody } from './posted.ts'
import type { LargeBodies } from './reading/large.ts'
import type { Handled, Recorder } from './record.ts'
import type { TriggerRequest } from './request.ts'
import { signedOf } from './signed.ts'

/** A post's admission to a hook; `holds` is asked again before each step. */
interface Admission {
  readonly hook: LiveHook
  /** What of the post the hook counts once, however it is named. */
  readonly signed: Signed | undefined
  readonly holds: () => boolean
}

/**
 * Answers a post. `send` is given the answer before the log, the metrics and the record are told of it: the sender need not wait
 * for those.
 */
export type Endpoint = (request: TriggerRequest, send?: (answer: TriggerAnswer) => void) => Promise<TriggerAnswer>

export interface EndpointParts {
  readonly acts: ActService
  readonly authenticate: Authenticate
  readonly bar: Bar
  readonly budget: Pick<Budget, 'charge' | 'isSpent' | 'secondsSpent'>
  readonly checkGenuine: CheckGenuine
  readonly definitions: Definitions
  readonly distrust: Pick<Distrust, 'refused'>
  readonly intake: Intake
  readonly large: LargeBodies
  readonly ledgers: Ledgers
  readonly record: Recorder
  readonly steps: StepService
  /** Tells a hook's owner that its posts are refused. */
  readonly tellLimited: (hook: LiveHook) => void
}

/** A delivery, step by step: token, limits, auth, body, sender, gates, driver, answer, record. */
export const triggerEndpoint = (
  { api, clock, expressions, log, outbound }: Environment,
  parts: EndpointParts,
): Endpoint => {
  const { acts, authenticate, bar, budget, checkGenuine, definitions, distrust, intake } = parts
  const { large, ledgers, record, steps, tellLimited } = parts
  const kept = new Set<string>()
  const pace = (unpaced: Acts, hook: LiveHook): Acts => {
    const { name, namespace, uid } = hook
    const ended = (message: string): void => {
      log.warn({ namespace, hook: name, reason: 'WritesLimited', message }, 'an act has ended before its work was done')
      tellLimited(hook)
    }
    return pacedActs(unpaced, uid, { isSpent: () => budget.isSpent(uid), kept, ended })
  }
  const { isSpent } = budget
  const surroundings = { acts, api, clock, definitions, expressions, isSpent, ledgers, log, outbound, pace, steps }

  /** The hook that a post may run now, by its token and what its `auth` asks; or what the post is answered instead. */
  const admit = async (
    request: TriggerRequest,
    body: PostedBody,
    dryRun: boolean,
    mayEnter: (hook: LiveHook) => ReturnType<Intake['full']>,
  ): Promise<Handled | Admission> => {
    const beganAt = clock.monotonic()
    const found = await authenticate(request.token)
    if (!found.accepted) return { answer: refusal(found.status, found.reason) }
    const { hook } = found
    const full = mayEnter(hook)
    if (full) return { answer: unavailable(full, hook), hook }
    // Most hooks ask for no more than the token.
    const passed = hook.auth ? ((await bar(hook, request.headers, body)) ?? (await signedOf(hook, body))) : unsigned
    if ('signed' in passed) {
      const isProven = (): boolean => !hook.auth || clock.monotonic() - beganAt < provenForMs
      return { hook, signed: passed.signed, holds: () => found.holds() && isProven() }
    }
    return { answer: 'refused' in passed ? passed.refused : answerTo(passed, hook, 'the target', dryRun), hook }
  }

  const receive = async (request: TriggerRequest, deadline: number): Promise<Handled> => {
    if (request.method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const dryRun = dryRunIn(request.query)
    const body = postedBody(clock, { intake, large }, request)
    let leave = (): void => {}
    try {
      const admitted = await admit(request, body, dryRun ?? false, hook => intake.full(hook, dryRun))
      if ('answer' in admitted) return admitted
      const { hook } = admitted
      const entered = intake.enter(hook, dryRun)
      if (typeof entered === 'string') return { answer: unavailable(entered, hook), hook }
      leave = entered
      return await deliver(request, admitted, body, dryRun, deadline)
    } finally {
      leave()
    }
  }

  const deliver = async (
    request: TriggerRequest,
    admitted: Admission,
    body: PostedBody,
    dryRun: boolean | undefined,
    deadline: number,
  ): Promise<Handled> => {
    let { hook, holds, signed } = admitted
    if (dryRun === undefined) return { answer: refusal(400, 'BadQuery'), hook }
    const shut = closedUnread(hook, request.headers)
    if (shut) return { answer: answerTo(shut, hook, 'the target', dryRun), hook }
    const read = await body.message(hook)
    if ('refused' in read) return { answer: read.refused, hook }
    const { body: plainBody, confirmation, delivery, isJson, proof } = read.message
    // Most messages are signed by nobody, and wait for no verdict.
    const verdict = proof ? await checkGenuine(hook, read.message) : 'genuine'
    if (verdict !== 'genuine') {
      return { answer: verdict === 'refused' ? refusal(401, 'NotGenuine') : refusal(503, 'NotVerified'), hook }
    }
    if (confirmation && !dryRun) ledgers.of(hook).later(toConfirm({ at: clock.now(), ...confirmation }))

    const variables = () => ({
      ...(isJson ? { body: plainBody } : {}),
      headers: request.headers,
      query: Object.fromEntries(request.query),
      sender: delivery.sender,
    })
    const post = { body: plainBody, headers: request.headers, query: request.query }
    const wrote = (bytes: number): void => budget.charge(hook.uid, bytes)
    for (let round = 0; round < mostRounds; round++) {
      const asked = { variables, post, deadline, dryRun, wrote, signed, isCurrent: holds }
      const outcome = await execute(hook, delivery, asked, surroundings)
      if (outcome.outcome !== 'changed') {
        const target = 'target' in hook.bound ? hook.bound.target : 'the target'
        return { answer: answerTo(outcome, hook, target, dryRun), hook, delivery }
      }
      const again = await within(clock, deadline - clock.monotonic(), admit(request, body, dryRun, neverFull))
      if (!again) break
      if ('answer' in again) return { hook, ...again }
      ;({ hook, holds, signed } = again)
    }
    return { answer: refusal(503, 'Contended'), hook, delivery }
  }

  return async (request, send) => {
    const arrived = clock.monotonic()
    const handled = await receive(request, arrived + answerWithinMs)
    const status = handled.answer === 'no answer' ? 0 : handled.answer.status
    if (refusedStatuses.has(status)) distrust.refused(request.source, status === 401 ? handled.hook : undefined)
    const answer = onceUnspent(handled.answer, handled.hook, budget)
    send?.(answer)
    record(handled, clock.monotonic() - arrived)
    return answer
  }
}

/** Of a post to a hook without `auth`. */
const unsigned: { readonly signed: undefined } = { signed: undefined }

/** Of a post that begins again: it has entered already. */
const neverFull = (): undefined => undefined

/** What whoever has no right to a hook is answered. */
const refusedStatuses: ReadonlySet<number> = new Set([401, 404, 410])

/**
 * Whether only to say what would be done; undefined where the query may mean it and does not say so plainly, as with
 * kubectl's `dry-run=server`.
 */
const dryRunIn = (query: URLSearchParams): boolean | undefined => {
  if (query.size === 0) return false
  const asked = [...query].filter(([name]) => name.toLowerCase().replace(/[^a-z]/g, '') === 'dryrun')
  const [name, value] = asked[0] ?? ['dryRun', 'false']
  if (asked.length > 1 || name !== 'dryRun') return undefined
  return value === 'true' ? true : value === 'false' ? false : undefined
}
