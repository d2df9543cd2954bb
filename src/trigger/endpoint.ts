import type { Environment } from '../environment/environment.ts'
import { inSpan } from '../environment/tracing.ts'
import type { Approval } from '../api/effect.ts'
import type { AlertGroup } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { Ended, Outcome } from '../api/outcome.ts'
import type { Row } from '../api/row.ts'
import type { DecidedCount } from '../api/settlement.ts'
import { isKeyOfSender } from '../senders/idempotency-key.ts'
import { namedOnce } from '../senders/identity.ts'
import type { ActService } from '../acts/once.ts'
import { within } from '../environment/wait.ts'
import type { Definitions } from '../kube/definitions.ts'
import type { History } from '../kube/lease-history.ts'
import type { MemoryDraft } from '../record/draft.ts'
import { isOfOther } from '../record/context.ts'
import { decideBy, type Ledger } from '../record/ledger.ts'
import type { Ruling } from '../record/ruling.ts'
import type { Ledgers } from '../record/ledgers.ts'
import type { StepService } from '../steps/service.ts'
import { admitter, type Admission, type AdmissionParts, type Admit } from './admission.ts'
import { answeredAlike } from './alike.ts'
import { answerTo, onceUnspent, refusal, limitedAnswer, withBy, type Endpoint } from './answer.ts'
import type { CheckAuth } from './auth/proof.ts'
import type { Authenticate } from './authenticate.ts'
import type { Distrust } from './distrust.ts'
import { execute } from './execute.ts'
import type { CheckGenuine } from './genuine.ts'
import type { LiveHook } from './hook.ts'
import { closedUnread, stopped } from './gates.ts'
import type { IdTokens } from './auth/id-tokens.ts'
import type { HookAccounts } from './accounts.ts'
import type { Budget, Intake } from './intake.ts'
import { answerWithinMs, maxRounds } from './limits.ts'
import { postedBody, type PostedBody } from './posted.ts'
import type { LargeBodies } from './reading/large.ts'
import { askedIn, type AskedByQuery } from './query.ts'
import type { Handled, Reporter } from './report.ts'
import { decidedAsIn, type DecidedPost } from './settled.ts'
import { closeResolved, keepPost } from './kept-posts.ts'
import type { WaitingPosts } from './waiting.ts'
import { guardedActs } from './guarded-acts.ts'
import type { ReadMessage } from './reading/message.ts'
import type { TriggerContext, TriggerRequest } from './request.ts'
import { namedBySigned, type SignedPart } from './auth/signed.ts'

interface EndpointParts {
  readonly accounts: HookAccounts
  readonly acts: ActService
  readonly authenticate: Authenticate
  readonly checkAuth: CheckAuth
  readonly budget: Pick<Budget, 'charge' | 'isSpent' | 'countKept' | 'secondsSpent'>
  readonly checkGenuine: CheckGenuine
  readonly countFormerURL: AdmissionParts['countFormerURL']
  readonly definitions: Definitions
  readonly distrust: Pick<Distrust, 'proved' | 'refused' | 'refusedNamed'>
  readonly history: Pick<History, 'wentBack'> | undefined
  readonly idTokens: Pick<IdTokens, 'areKeysAway'>
  readonly intake: Intake
  readonly large: LargeBodies
  readonly ledgers: Ledgers
  readonly report: Reporter
  readonly hooks: AdmissionParts['hooks']
  readonly runsRequests: boolean
  readonly steps: StepService
  readonly zones: Parameters<typeof execute>[1]['zones']
  readonly waiting: Pick<WaitingPosts, 'answer'>
  /** Notifies a hook's owner that its posts are refused. */
  readonly notifyLimited: (hook: LiveHook) => void
}

/**
 * Handles a post step by step: token, limits, authentication, body, sender, gates, driver, answer,
 * record.
 */
export class TriggerEndpoint {
  readonly #parts: EndpointParts & Environment
  readonly #services: Parameters<typeof execute>[1]
  readonly #admit: Admit

  constructor(environment: Environment, parts: EndpointParts) {
    this.#parts = { ...environment, ...parts }
    this.#admit = admitter(this.#parts)
    this.#services = { ...this.#parts, guarded: guardedActs(this.#parts) }
  }

  readonly answer: Endpoint = async (request, send) => {
    const { budget, clock, history, report } = this.#parts
    const arrived = clock.monotonic()
    // Once history has gone back, what this process knows is of a lost state.
    const handled =
      history?.wentBack() === undefined
        ? await this.#receive(request, arrived)
        : { answer: refusal(503, 'HistoryWentBack') }
    const { answer, by, hook, waits } = handled
    if (answer !== 'no answer' && !request.requested) {
      // Anybody can send tokens of an issuer that is away. A post with one has proved nothing.
      const isUnverified = answer.body.reason === 'IssuerUnavailable'
      if (isUnverified || answer.status === 401) this.#distrust(request, hook)
      else if (answer.status === 404 || answer.status === 410) this.#distrust(request, undefined)
    }
    if (waits && hook) {
      // The post is recorded when it is decided, and not when its wait ends.
      report(handled, clock.monotonic() - arrived)
      const { decided, waitMs } = waits
      send(withBy(await this.#parts.waiting.answer({ request, hook, decided, waitMs }), by))
      return
    }
    send(onceUnspent(answer, hook, budget))
    if (!request.requested?.isReported) report(handled, clock.monotonic() - arrived)
  }

  /**
   * Counts a post that a sender without the right to a hook may have sent. `hook` is given if only its
   * `auth` did not match.
   */
  #distrust({ named, source }: TriggerRequest, hook: LiveHook | undefined): void {
    const { distrust } = this.#parts
    if (named) distrust.refusedNamed(source, named)
    else distrust.refused(source, hook)
  }

  async #receive(request: TriggerRequest, arrival: number): Promise<Handled> {
    if (request.method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const { clock, distrust, intake } = this.#parts
    const asked = askedIn(request.query)
    const dryRun = asked?.dryRun
    const body = postedBody(clock, this.#parts, request)
    let leave = (): void => {}
    try {
      const admitted = await this.#admit(request, body, dryRun, true)
      if ('answer' in admitted) return request.named ? await answeredAlike(clock, admitted, body, arrival) : admitted
      if (request.named) distrust.proved(request.source, request.named)
      const { by, hook } = admitted
      const entered = intake.enter(hook, dryRun)
      if (typeof entered === 'string') return { answer: limitedAnswer(entered, hook), hook }
      leave = entered
      if (!asked) return { answer: refusal(400, 'BadQuery'), hook }
      const handled = await this.#deliver(request, admitted, body, asked, arrival + answerWithinMs)
      return { ...handled, answer: withBy(handled.answer, by), by }
    } finally {
      leave()
    }
  }

  async #deliver(
    request: TriggerRequest,
    admitted: Admission,
    body: PostedBody,
    asked: AskedByQuery,
    deadline: number,
  ): Promise<Handled> {
    const { dryRun, waitMs } = asked
    const { checkGenuine, clock, ledgers, tracing } = this.#parts
    const { hook: first, stop } = admitted
    const beganAt = clock.now()
    // A post with `wait` may only ask for an outcome, which even a stopped hook answers.
    const shut =
      waitMs === undefined ? (stopped(stop, first, 'unread') ?? closedUnread(first, request.headers)) : undefined
    if (shut) return { answer: answerTo(shut, first, 'the target', dryRun), hook: first }
    const read = await inSpan(tracing, 'body', () => body.message(first))
    if ('refused' in read) return { answer: read.refused, hook: first }
    const message = messageFor(request, read.message)
    // Most messages are not signed. A post with an unsigned message does not wait here.
    const verdict = message.proof ? await checkGenuine(first, message) : 'genuine'
    if (verdict !== 'genuine') {
      return { answer: verdict === 'refused' ? refusal(401, 'NotGenuine') : refusal(503, 'NotVerified'), hook: first }
    }
    const { confirmation } = message
    if (confirmation && !dryRun) {
      const requested = { at: clock.now(), ...confirmation }
      ledgers.of(first).later(draft => draft.set({ confirmation: requested }))
    }

    if (waitMs !== undefined) {
      const poll = await this.#poll(this.#contextOf(request, admitted, message, deadline, asked), waitMs)
      // It may have been decided before. What a new delivery would be answered now says nothing about that.
      if (poll === 'unread') return { answer: refusal(503, 'ApiUnreachable'), hook: first }
      if (poll) return poll
    }
    const over = dryRun ? undefined : groupThatIsOver(request, message, first)
    const closing = over && closeResolved(this.#parts, this.answer, first, over)
    if (closing && !(await within(clock, deadline - clock.monotonic(), closing))) {
      return { answer: refusal(503, 'ApiUnreachable'), hook: first, delivery: message.delivery }
    }
    let admission = admitted
    for (let round = 0; round < maxRounds; round++) {
      const { hook } = admission
      // If the hook changed meanwhile, the delivery begins again with the changed hook.
      const context = this.#contextOf(request, admission, message, deadline, asked)
      const executed = await execute(context, this.#services)
      const isKept = executed.outcome === 'awaiting' && !request.requested
      const outcome = isKept ? await this.#keep(executed, context, admission) : executed
      if (outcome.outcome !== 'changed') {
        const target = 'target' in hook.bound ? hook.bound.target : 'the target'
        const evidence = 'evidence' in outcome && !dryRun ? outcome.evidence : undefined
        const change = evidence && { at: beganAt, ...evidence }
        const handled = { answer: answerTo(outcome, hook, target, dryRun), hook, delivery: message.delivery, change }
        if (waitMs === undefined) return handled
        const wasDecided = outcome.outcome === 'skipped' && outcome.reason === 'Duplicate'
        const poll = wasDecided ? await this.#poll(context, waitMs) : undefined
        if (poll && poll !== 'unread') return poll
        return waitingFor(handled, change ?? countIn(outcome, beganAt), context, waitMs)
      }
      const again = await within(clock, deadline - clock.monotonic(), this.#admit(request, body, dryRun, false))
      if (!again) break
      if ('answer' in again) return { hook, ...again }
      admission = again
    }
    return { answer: refusal(503, 'Contended'), hook: admission.hook, delivery: message.delivery }
  }

  /** Keeps a post that has to wait for approval. */
  async #keep(outcome: Awaiting, context: TriggerContext, proof: SignedPart): Promise<Ended> {
    const kept = await keepPost(context, proof, this.#parts)
    return 'request' in kept ? { ...outcome, ...kept } : kept
  }

  /**
   * Returns an earlier decision from the record. Undefined: the delivery must be executed. `unread`: the record could not be
   * read before the deadline.
   */
  async #poll(context: TriggerContext, waitMs: number): Promise<Handled | 'unread' | undefined> {
    const { clock } = this.#parts
    const { deadline, delivery, hook, isAskable } = context
    if (!isAskable || !delivery.identity) return undefined
    const key = keyOf(delivery.identity.key)
    // Another replica may have decided it, or seen its end, since this one read the record.
    const find = (draft: MemoryDraft): Ruling<Row | undefined> => {
      const row = draft.get(key)
      return { result: row, needsNewest: row === undefined || row.state === 'claimed' }
    }
    const found = await decideBy(clock, deadline, context.ledger(), find)
    if (!found || found.decided === 'given up') return 'unread'
    const row = found.decided === 'stored' ? found.result : undefined
    // Execution lets this copy finish an unfinished delivery, and refuses another body.
    if (!row || row.state === 'claimed' || isOfOther(context, row)) return undefined
    const decided = decidedAsIn(row, hook)
    return { answer: decided.answer, hook, waits: { decided, waitMs, isPoll: true } }
  }

  #contextOf(
    request: TriggerRequest,
    { by, hook, id, isCurrent, isUnchanged, signed, stop }: Admission,
    message: ReadMessage,
    deadline: number,
    { dryRun, reason, waitMs }: AskedByQuery,
  ): TriggerContext {
    const { accounts, budget, ledgers } = this.#parts
    let ledger: Ledger | undefined
    // If a hook requires only its token, no part of the post is signed.
    const named = hook.auth ? namedBySigned(message.delivery, { id, signed }) : message.delivery
    const identity = named.identity ?? (request.requested && namedOnce(request.requested.key))
    const delivery = identity === named.identity ? named : { ...named, identity }
    const isAskable = identity !== undefined && (request.requested !== undefined || isKeyOfSender(identity))
    return {
      by,
      hook,
      account: hook.account === undefined ? undefined : accounts.of(hook),
      request,
      message,
      stop,
      delivery,
      // A post without a body only asks for the outcome of its key, so it may have any body.
      of: isAskable && message.body.length > 0 ? keyOf(message.body).slice(0, 8) : undefined,
      isAskable,
      signed,
      undo: hook.onResolved === 'undo',
      leasing: hook.leasing && reason !== undefined ? { ...hook.leasing, reason } : hook.leasing,
      limits: hook.limits,
      approval: approvalOf(hook, request),
      cooldownMs: hook.cooldownMs,
      dedupeWindowMs: hook.dedupeWindowMs,
      deadline,
      dryRun,
      waits: waitMs !== undefined,
      isCurrent,
      isUnchanged,
      isSpent: () => !dryRun && budget.isSpent(hook),
      charge: bytes => {
        if (!dryRun) budget.charge(hook, bytes)
      },
      countKept: keptForMs => dryRun || budget.countKept(hook, keptForMs),
      ledger: () => (ledger ??= ledgers.of(hook)),
    }
  }
}

type Awaiting = Extract<Outcome, { outcome: 'awaiting' }>

/** Returns the alerts that a post ends, if others of their posts may wait for approval. Pure. */
const groupThatIsOver = (
  { requested }: TriggerRequest,
  { delivery: { group, phase } }: ReadMessage,
  { approvalMs, onResolved }: LiveHook,
): AlertGroup | undefined =>
  approvalMs === undefined || requested || phase !== 'resolved' || onResolved === 'run' ? undefined : group

/** Returns what was approved of what a hook asks approval for. Undefined if it asks for none. */
const approvalOf = ({ approvalMs, generation, uid }: LiveHook, { requested }: TriggerRequest): Approval | undefined =>
  approvalMs === undefined
    ? undefined
    : { of: `${uid} ${generation}`, approved: requested?.approved, changes: requested?.changes }

/** Returns what a post says. A request that no sender has posted comes from no product, and has a key of its own. */
const messageFor = ({ requested }: TriggerRequest, message: ReadMessage): ReadMessage => {
  if (!requested) return message
  const { delivery } = message
  return {
    ...message,
    // The API server proves who asks. That is no sender with signed posts or a subscription.
    proof: undefined,
    confirmation: undefined,
    delivery: requested.post ? delivery : { ...delivery, sender: 'kubernetes', identity: namedOnce(requested.key) },
  }
}

/** Adds to a decided post what it waits for. Returns it unchanged if its answer is not 200. */
const waitingFor = (
  handled: Handled,
  change: DecidedPost['change'],
  { hook, isAskable }: TriggerContext,
  waitMs: number,
): Handled => {
  const { answer } = handled
  if (answer === 'no answer' || answer.status !== 200) return handled
  const isKeySigned = hook.auth?.form === 'standardWebhooks'
  return { ...handled, waits: { decided: { answer, change, isAskable, isKeySigned }, waitMs, isPoll: false } }
}

const countIn = (outcome: Ended, at: number): DecidedCount | undefined =>
  'on' in outcome && outcome.on !== undefined ? { at, on: outcome.on, to: outcome.to } : undefined
