import type { X509Certificate } from 'node:crypto'
import type { Clock, Environment } from '../environment/environment.ts'
import { within } from '../environment/wait.ts'
import { confirmationOf, deliveryOf, senderOf, verify } from '../senders/registry.ts'
import { remembered } from '../senders/remembered.ts'
import type { Ledgers } from '../steps/ledgers.ts'
import { toConfirm } from '../steps/remember.ts'
import type { StepService } from '../steps/service.ts'
import { answerTo, refusal, type TriggerAnswer } from './answer.ts'
import type { Bar, Body } from './auth.ts'
import type { Authenticate } from './authenticate.ts'
import { parseBody } from './body.ts'
import { execute } from './execute.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import { answerWithinMs, bodyWithinMs, mostCertificates, mostRounds } from './limits.ts'
import type { Handled, Recorder } from './record.ts'

/** A post, without express and without a socket. */
export interface TriggerRequest {
  readonly method: string
  readonly token: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Reads the body, once. Rejects with TooLarge, with TooMany, or with anything else when it does not arrive whole. */
  body(): Promise<Uint8Array>
}

/** The body is larger than a delivery may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** So many bodies are on their way that there is no room for this one. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}

export type Endpoint = (request: TriggerRequest) => Promise<TriggerAnswer>

/** A delivery, step by step: token, auth, body, sender, gates, driver, answer, record. */
export const triggerEndpoint = (
  { api, clock, expressions, log, outbound }: Environment,
  authenticate: Authenticate,
  bar: Bar,
  hooks: Hooks,
  steps: StepService,
  ledgers: Ledgers,
  record: Recorder,
): Endpoint => {
  const certificates = remembered<X509Certificate>(mostCertificates)

  /** The hook that a post may run now, by its token and what its `auth` asks; or what the post is answered instead. */
  const admit = async (request: TriggerRequest, body: Body, dryRun: boolean): Promise<Handled | { hook: LiveHook }> => {
    const found = await authenticate(request.token)
    if (!found.accepted) return { answer: refusal(found.status, found.reason) }
    const { hook } = found
    const barred = await bar(hook, request.headers, body)
    if (!barred) return { hook }
    return { answer: 'refused' in barred ? barred.refused : answerTo(barred, hook, 'the target', dryRun), hook }
  }

  const deliver = async (request: TriggerRequest, deadline: number): Promise<Handled> => {
    if (request.method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const dryRun = dryRunIn(request.query)
    const body = bodyOf(clock, request)
    const first = await admit(request, body, dryRun ?? false)
    if ('answer' in first) return first
    let { hook } = first

    if (dryRun === undefined) return { answer: refusal(400, 'BadQuery'), hook }
    const read = await body()
    if ('refused' in read) return { answer: read.refused, hook }
    const parsed = parseBody(read.body)
    if (parsed === 'too deep') return { answer: refusal(400, 'BodyTooDeep'), hook }
    const message = { headers: request.headers, json: parsed.json, receivedAt: clock.now() }
    const sender = senderOf(message)
    const verdict = await verify(message, { outbound, clock, certificates }, sender)
    if (verdict !== 'genuine') {
      const answer = 'refused' in verdict ? refusal(401, 'NotGenuine') : refusal(503, 'NotVerified')
      log.warn({ namespace: hook.namespace, hook: hook.name, ...verdict }, "a message is not taken for its sender's")
      return { answer, hook }
    }
    const delivery = deliveryOf(message, sender)
    const confirmation = dryRun ? undefined : confirmationOf(message, sender)
    if (confirmation) ledgers.of(hook).later(toConfirm({ at: clock.now(), ...confirmation }))

    const variables = {
      ...(parsed.json === undefined ? {} : { body: read.body }),
      headers: request.headers,
      query: Object.fromEntries(request.query),
      sender: delivery.sender,
    }
    const surroundings = { api, clock, expressions, variables, hooks, ledgers, steps, deadline, dryRun }
    for (let round = 0; round < mostRounds; round++) {
      const outcome = await execute(hook, delivery, surroundings)
      if (outcome !== 'changed meanwhile') {
        const target = 'target' in hook.bound ? hook.bound.target : 'the target'
        return { answer: answerTo(outcome, hook, target, dryRun), hook, delivery }
      }
      const again = await within(clock, deadline - clock.monotonic(), admit(request, body, dryRun))
      if (!again) break
      if ('answer' in again) return { hook, ...again }
      hook = again.hook
    }
    return { answer: refusal(503, 'Contended'), hook, delivery }
  }

  return async request => {
    const arrived = clock.monotonic()
    const handled = await deliver(request, arrived + answerWithinMs)
    record(handled, clock.monotonic() - arrived)
    return handled.answer
  }
}

/** Whether only to say what would be done; undefined where the query may mean it and does not say so plainly. */
const dryRunIn = (query: URLSearchParams): boolean | undefined => {
  const asked = [...query].filter(([name]) => name.toLowerCase() === 'dryrun')
  const [name, value] = asked[0] ?? ['dryRun', 'false']
  if (asked.length > 1 || name !== 'dryRun') return undefined
  return value === 'true' ? true : value === 'false' ? false : undefined
}

/** Reads the body when it is first asked for, once. */
const bodyOf = (clock: Clock, request: TriggerRequest): Body => {
  let reading: ReturnType<Body> | undefined
  return () => (reading ??= readBody(clock, request))
}

const readBody = async (clock: Clock, request: TriggerRequest): ReturnType<Body> => {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return { refused: refusal(400, 'BodyUnreadable') }
  let cancel = (): void => {}
  try {
    const late = new Promise<undefined>(resolve => {
      cancel = clock.after(bodyWithinMs, () => resolve(undefined))
    })
    const body = await Promise.race([request.body(), late])
    return body ? { body } : { refused: refusal(503, 'BodyTooSlow') }
  } catch (error) {
    if (error instanceof TooLarge) return { refused: refusal(413, 'BodyTooLarge') }
    if (error instanceof TooMany) return { refused: refusal(503, 'Overloaded') }
    return { refused: refusal(400, 'BodyUnreadable') }
  } finally {
    cancel()
  }
}
