/**
 * Requests: a ReceiverHookRequest is a post that the API server delivers. Each trigger watches the metadata
 * of those that have no answer, and hands each to the endpoint as a post. So there is one way to run a
 * hook, and its record alone decides that a request runs once, however many triggers see it.
 *
 * The admission policy `receiver-hooks-requests` proves who asks: it compares `spec.by` with the writer.
 * Without that policy, anybody could run hooks in any name.
 */
import type { StoredObject } from '../api/object.ts'
import { isDone, requestSpecOf, requestStatusOf } from '../api/run-request.ts'
import { jittered } from '../environment/chance.ts'
import type { Environment } from '../environment/environment.ts'
import { Shares } from '../environment/shares.ts'
import { parseTime } from '../environment/time.ts'
import { wait } from '../environment/wait.ts'
import { isStatus } from '../kube/errors.ts'
import { watchCutsIn } from '../kube/follow.ts'
import { listPages } from '../kube/list.ts'
import { read } from '../kube/requests.ts'
import { hooks, requests } from '../kube/resources.ts'
import type { Source } from '../kube/source.ts'
import { openWithinMs } from '../kube/watch.ts'
import { watchObjects, type ObjectChange } from '../kube/watch-objects.ts'
import { AwaitingRequests } from './awaiting.ts'
import { decidedOf, isShown, mustBeClosed, turnOf } from './approvals.ts'
import { refusal, type HttpAnswer } from './answer.ts'
import type { Endpoint } from './answer.ts'
import { maxWaitMs } from './limits.ts'
import {
  requestedPostOf,
  requestKeptMs,
  shortAnswer,
  deleteRequest,
  askOutcome,
  postAsked,
  writeAnswer,
  writeRequestStatus,
  type RequestedPost,
} from './requested.ts'

/**
 * How many ReceiverHookRequests a process runs at once, and how many of one namespace. A process that serves
 * some namespaces counts for each of them, so the second number bounds it.
 */
const maxRequestsAtOnce = 32
const maxRequestsOfNamespace = 4
/**
 * How many requests of one namespace a process knows that it has to look at. It lists the others once it has.
 * While so many wait for approval, those with a later name are not seen.
 */
const maxRequestsKnown = 512
/** How long after it was made a request may run, in milliseconds. Nobody expects a later run. */
const requestRunsWithinMs = 300_000
/** How long to wait before a request is tried again that could not be run or answered, in milliseconds. */
const retryMs = 2000

/** How often it is looked how far something is that a request began, in milliseconds. */
const lookEveryMs = 2000

/** How often old requests are deleted, in milliseconds. */
const sweepEveryMs = 3_600_000

interface Answered {
  readonly answer: HttpAnswer
  readonly asked?: RequestedPost
  /** Whether this process has changed something for it, or has closed it in the record. */
  readonly isOwn: boolean
}

interface Known {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The last answer by which it could not be run. */
  refused?: HttpAnswer
  /** Whether it was logged that it cannot be run or answered. */
  isLogged?: boolean
  /** Whether it waits until it is tried again. */
  rests?: boolean
}

type Identified = Pick<StoredObject['metadata'], 'name' | 'namespace' | 'uid'>

/** Requests without an answer, by namespace and uid. The namespace whose turn is next is first. */
type Waiting = Map<string, Map<string, Known>>

/** What runs requests. `problem` says why none are run: they cannot be watched. */
export interface RequestRunner {
  readonly problem: () => string | undefined
  /** Runs what is asked for until `stop` is aborted. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** Makes what runs the requests in these namespaces, or in all namespaces if none is given. */
export const runRequestsIn = (
  environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>,
  endpoint: Endpoint,
  namespaces: readonly string[],
): RequestRunner => {
  const places = namespaces.length === 0 ? [undefined] : namespaces
  const runners = places.map(namespace => new RunRequests(environment, endpoint, namespace))
  return {
    problem: () => runners.map(({ problem }) => problem()).find(problem => problem !== undefined),
    run: async stop => void (await Promise.all(runners.map(runner => runner.run(stop)))),
  }
}

class RunRequests {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>
  readonly #endpoint: Endpoint
  readonly #source: Source
  readonly #places = new Shares(maxRequestsAtOnce, maxRequestsOfNamespace)
  #waiting: Waiting = new Map()
  /** The requests of the list that is being read. */
  #listed: Waiting = new Map()
  readonly #atWork = new Set<string>()
  /** Those at work that have changed meanwhile. They are looked at again. */
  readonly #changed = new Set<string>()
  /** Ends the timers of requests that are looked at again, by uid. */
  readonly #timers = new Map<string, () => void>()
  /** The requests that wait for another one of their hook, by uid. `behind` is its uid, once that is known. */
  readonly #queued = new Map<string, { readonly known: Known; readonly behind?: string }>()
  readonly #awaiting: AwaitingRequests
  /** The namespaces of which requests were left out, because too many wait. */
  readonly #left = new Set<string>()
  #problem: string | undefined

  constructor(
    environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>,
    endpoint: Endpoint,
    namespace: string | undefined,
  ) {
    this.#environment = environment
    this.#endpoint = endpoint
    this.#awaiting = new AwaitingRequests(environment)
    this.#source = { type: requests, isMetadataOnly: true, ...(namespace !== undefined && { namespace }) }
  }

  readonly problem = (): string | undefined => this.#problem

  async run(stop: AbortSignal): Promise<void> {
    const sweeping = this.#sweep(stop)
    const open = { ...this.#source, fieldSelector: 'status.state!=Done' }
    // A watch that resumes reads no list.
    const opened = () => this.#environment.clock.after(openWithinMs, () => void (this.#problem = undefined))
    while (!stop.aborted) {
      for await (const change of watchObjects(this.#environment, open, stop, { opened })) {
        this.#take(change)
        this.#begin(stop)
        // Those that were left out are listed again, once what is known of their namespace is done.
        const isListing = change.type === 'list' || change.type === 'page'
        if (!isListing && [...this.#left].some(namespace => !this.#waiting.has(namespace))) break
      }
    }
    for (const cancel of this.#timers.values()) cancel()
    await sweeping
  }

  #take(change: ObjectChange): void {
    switch (change.type) {
      case 'list':
        this.#listed = new Map()
        this.#left.clear()
        return
      case 'page':
        for (const { metadata } of change.objects) this.#put(this.#listed, metadata)
        return
      case 'listed':
        this.#waiting = this.#listed
        // The others are done, or are listed again later.
        for (const [uid, { known }] of this.#queued) {
          if (this.#listed.get(known.namespace)?.has(uid) !== true) this.#queued.delete(uid)
        }
        this.#awaiting.keep((namespace, uid) => this.#listed.get(namespace)?.has(uid) === true)
        this.#problem = undefined
        return
      case 'put':
        return this.#put(this.#waiting, change.object.metadata)
      case 'remove':
        return this.#removed(change.object.metadata)
      case 'cut': {
        const why = change.error instanceof Error ? change.error.message : String(change.error)
        const problem = `requests don't run, because they can't be watched: ${why}`
        watchCutsIn(this.#environment.metrics).add({ resource: requests.resource })
        if (this.#problem === undefined) this.#environment.log.warn({ resource: requests.resource }, problem)
        this.#problem = problem
        return
      }
      // The metadata of a request is never large.
      case 'put large':
      case 'bookmark':
        return
    }
  }

  #put(waiting: Waiting, { name, namespace = '', uid }: Identified): void {
    const same = waiting.get(namespace) ?? new Map<string, Known>()
    waiting.set(namespace, same)
    if (this.#atWork.has(uid)) this.#changed.add(uid)
    const known = this.#waiting.get(namespace)?.get(uid) ?? { namespace, name, uid }
    if (same.has(uid) || same.size < maxRequestsKnown) same.set(uid, known)
    else this.#left.add(namespace)
  }

  #drop({ namespace = '', uid }: Omit<Identified, 'name'>): void {
    const same = this.#waiting.get(namespace)
    same?.delete(uid)
    if (same?.size === 0) this.#waiting.delete(namespace)
  }

  /** Forgets a request that is done. Those that wait for it are looked at again. */
  #removed({ namespace = '', uid }: Omit<Identified, 'name'>): void {
    this.#drop({ namespace, uid })
    this.#awaiting.remove(uid)
    this.#timers.get(uid)?.()
    this.#timers.delete(uid)
    this.#queued.delete(uid)
    for (const { behind = uid, known } of this.#queued.values()) {
      if (behind === uid && known.namespace === namespace) this.#put(this.#waiting, known)
    }
  }

  /** Looks at a request again, without a place until then. */
  #later(known: Known, ms: number, stop: AbortSignal): void {
    this.#timers.get(known.uid)?.()
    const look = (): void => {
      this.#timers.delete(known.uid)
      known.rests = false
      this.#put(this.#waiting, known)
      this.#begin(stop)
    }
    if (!stop.aborted) this.#timers.set(known.uid, this.#environment.clock.after(ms, look))
  }

  /** Begins with as many requests as there are places, of one namespace after another. */
  #begin(stop: AbortSignal): void {
    if (stop.aborted) return
    for (const [namespace, same] of [...this.#waiting]) {
      for (const known of same.values()) {
        if (known.rests === true || this.#atWork.has(known.uid)) continue
        const leave = this.#places.take(namespace)
        if (!leave) break
        // Its next turn comes after that of the others.
        this.#waiting.delete(namespace)
        this.#waiting.set(namespace, same)
        this.#atWork.add(known.uid)
        void this.#look(known, stop).then(isOver => {
          this.#atWork.delete(known.uid)
          known.rests = !isOver
          if (!isOver) this.#later(known, retryMs, stop)
          else if (!this.#changed.has(known.uid)) this.#drop(known)
          this.#changed.delete(known.uid)
          leave()
          this.#begin(stop)
        })
      }
    }
  }

  /** Looks at a request once, and runs it if it can be run. Resolves with whether it needs no further try. */
  async #look(known: Known, stop: AbortSignal): Promise<boolean> {
    const { api, clock, log } = this.#environment
    const { name, namespace, uid } = known
    try {
      // Another trigger may have answered it, and the watch may be behind.
      const request = await read(api, requests, namespace, name)
      if (request?.metadata.uid !== uid || isDone(request)) return true
      const status = requestStatusOf(request)
      const decided = decidedOf(requestSpecOf(request), status, clock.now())
      if (isShown(status, decided)) {
        this.#awaiting.add(uid, { namespace, hook: requestSpecOf(request).hook })
        this.#later(known, parseTime(status?.until ?? '') - clock.now(), stop)
        return true
      }
      this.#awaiting.remove(uid)
      const answered = await this.#answerTo(known, request)
      if (!answered) return false
      const { answer, asked, isOwn } = answered
      // Nothing was changed. It is tried again while it may run.
      if (asked && answer.status === 503) {
        known.refused = answer
        return false
      }
      if (asked && answer.body.outcome === 'awaiting') {
        return await this.#show(known, request, answer, asked)
      }
      await writeAnswer(this.#environment, request, answer, isOwn)
      // What it began may take long, and the next request must not wait for that.
      const { outcome, state } = answer.body
      const isOpen = state === 'progressing' || (isOwn && outcome === 'applied')
      if (asked?.dryRun === false && isOpen) void this.#follow(request, asked, stop)
      return true
    } catch (error) {
      // Of two triggers, one conflicts, and sees at its next look that the other has written.
      const isUnexpected = !isStatus(error, 409) && known.isLogged !== true
      if (isUnexpected) log.warn({ error, namespace, request: name }, "can't run or answer a request yet")
      known.isLogged ||= isUnexpected
      return false
    }
  }

  /**
   * Runs a request, unless it is too old: then `refused` is its answer, the one from before, if the record
   * does not say that it ran. Resolves with undefined if nobody knows whether it ran.
   */
  async #answerTo({ namespace, refused = tooOld }: Known, request: StoredObject): Promise<Answered | undefined> {
    const { api, clock } = this.#environment
    const createdAt = parseTime(request.metadata.creationTimestamp ?? '')
    const spec = requestSpecOf(request)
    const status = requestStatusOf(request)
    const hook = await read(api, hooks, namespace, spec.hook, { as: 'metadata' })
    // A hook that was made after the request is another one.
    if (!hook || parseTime(hook.metadata.creationTimestamp ?? '') > createdAt) {
      return { answer: refusal(410, 'RequestedHookGone'), isOwn: false }
    }
    const asked = requestedPostOf(request, hook.metadata.uid, clock.now())
    // If it was not run, others may use its key again.
    const isAlone = spec.key === undefined && !spec.post && !asked.dryRun
    // A post waits for approval in any case.
    if (!status && !spec.post && clock.now() - createdAt > requestRunsWithinMs) {
      const known = isAlone ? await askOutcome(this.#endpoint, asked) : undefined
      const isClosed = !isAlone || known?.body.reason === 'OutcomeUnknown'
      const answer = isClosed ? refused : known && known.status !== 503 ? known : tooOld
      return { answer, isOwn: false }
    }
    const first = await postAsked(this.#endpoint, asked)
    const isOver = first !== undefined && mustBeClosed(first, asked, status, isAlone)
    const isReported = first?.body.outcome !== 'awaiting'
    const closes = { ...asked, closes: 'EffectChanged', isReported } as const
    const answer = isOver ? await postAsked(this.#endpoint, closes) : first
    if (isOver && isReported && answer?.body.reason === 'EffectChanged') return { answer: first, asked, isOwn: true }
    if (answer?.body.reason !== 'Duplicate') {
      return answer && { answer, asked, isOwn: answer.body.outcome === 'applied' }
    }
    // Another trigger has run it, and has not said so yet.
    const decided = await askOutcome(this.#endpoint, asked)
    const isSame = isOver && decided?.body.outcome === first.body.outcome
    return decided && { answer: isSame ? first : decided, asked, isOwn: false }
  }

  /**
   * Shows what a request would do, if it is the first of its hook. Otherwise the request waits for its turn.
   * Resolves with whether it needs no further try.
   */
  async #show(known: Known, request: StoredObject, { body }: HttpAnswer, asked: RequestedPost): Promise<boolean> {
    const { api } = this.#environment
    const { state, until = body.until, effect } = requestStatusOf(request) ?? {}
    let now = body
    if (state !== 'Awaiting') {
      // It is among them before the look, so it misses no end of an earlier one.
      this.#queued.set(known.uid, { known })
      const turn = await turnOf(api, request, requestSpecOf(request).hook)
      if (turn === 'too many' && state === undefined) {
        this.#queued.delete(known.uid)
        await writeAnswer(this.#environment, request, refusal(503, 'TooManyAwait'), false)
        return true
      }
      if (turn !== 'first') {
        if (turn !== 'too many') this.#queued.set(known.uid, { known, behind: turn.behind })
        if (state === undefined) await writeRequestStatus(api, request, { state: 'Queued' }, false)
        return true
      }
      // An earlier one may have changed the target meanwhile.
      const again = await postAsked(this.#endpoint, asked)
      if (again?.body.outcome !== 'awaiting') return false
      now = again.body
    }
    const shown = {
      text: shortAnswer(now.message),
      digest: now.effect,
      asked: (effect?.asked ?? 0) + 1,
      changes: now.changes ?? null,
    }
    await writeRequestStatus(api, request, { state: 'Awaiting', until, effect: shown }, false)
    this.#awaiting.announce(request, asked.uid, shown.text, until)
    this.#queued.delete(known.uid)
    return true
  }

  /** Writes how far what a request began is, until it has ended. */
  async #follow(request: StoredObject, asked: RequestedPost, stop: AbortSignal): Promise<void> {
    const { clock } = this.#environment
    const end = clock.monotonic() + maxWaitMs
    let written = ''
    try {
      for (; !stop.aborted && clock.monotonic() < end; await wait(clock, lookEveryMs, stop)) {
        const seen = await askOutcome(this.#endpoint, asked)
        if (seen === undefined || seen.status === 503) continue
        const { message, state } = seen.body
        if (state !== undefined && written !== `${state} ${message}`) {
          await writeRequestStatus(
            this.#environment.api,
            request,
            { answer: { state, stateMessage: shortAnswer(message) } },
            true,
          )
          written = `${state} ${message}`
        }
        if (state !== 'progressing') return
      }
    } catch (error) {
      this.#environment.log.debug({ error, request: request.metadata.name }, "can't store a request's state")
    }
  }

  /** Deletes requests that had their answer a day ago. */
  async #sweep(stop: AbortSignal): Promise<void> {
    const { api, clock, log, random } = this.#environment
    while (!stop.aborted) {
      await wait(clock, jittered(random, sweepEveryMs, 0.5), stop)
      try {
        const done = { ...this.#source, fieldSelector: 'status.state=Done' }
        for await (const { objects } of listPages(api, done, stop)) {
          for (const { metadata } of objects) {
            const madeAt = parseTime(metadata.creationTimestamp ?? '')
            if (clock.now() - madeAt >= requestKeptMs) await deleteRequest(api, metadata)
          }
        }
      } catch (error) {
        log.warn({ error }, 'old requests will be deleted later')
      }
    }
  }
}

const tooOld = refusal(410, 'RequestTooOld')
