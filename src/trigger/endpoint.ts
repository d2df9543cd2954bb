import type { Clock, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { deliveryOf } from '../senders/registry.ts'
import type { Ledgers } from '../steps/ledgers.ts'
import type { StepService } from '../steps/service.ts'
import { answerTo, refusal, type TriggerAnswer } from './answer.ts'
import type { Authenticate } from './authenticate.ts'
import { parseBody } from './body.ts'
import { execute } from './execute.ts'
import type { Hooks } from './hooks.ts'
import { answerWithinMs, bodyWithinMs, mostRounds } from './limits.ts'
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

/** A delivery, step by step: token, body, sender, gates, driver, answer, record. */
export const triggerEndpoint = (
  { api, clock }: Environment,
  authenticate: Authenticate,
  hooks: Hooks,
  steps: StepService,
  ledgers: Ledgers,
  record: Recorder,
): Endpoint => {
  const deliver = async (request: TriggerRequest, deadline: number): Promise<Handled> => {
    if (request.method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const first = await authenticate(request.token)
    if (!first.accepted) return { answer: refusal(first.status, first.reason) }

    const dryRun = dryRunIn(request.query)
    if (dryRun === undefined) return { answer: refusal(400, 'BadQuery'), hook: first.hook }
    const read = await readBody(clock, request)
    if ('refused' in read) return { answer: read.refused, hook: first.hook }
    const delivery = deliveryOf({ headers: request.headers, json: read.json })

    let { hook } = first
    for (let round = 0; round < mostRounds; round++) {
      const outcome = await execute(hook, delivery, { api, clock, hooks, ledgers, steps, deadline, dryRun })
      if (outcome !== 'changed meanwhile') {
        const target = 'target' in hook.bound ? hook.bound.target : 'the target'
        return { answer: answerTo(outcome, hook, target, dryRun), hook, delivery }
      }
      const again = await authenticate(request.token)
      if (!again.accepted) return { answer: refusal(again.status, again.reason), hook }
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

const readBody = async (
  clock: Clock,
  request: TriggerRequest,
): Promise<{ json: unknown } | { refused: TriggerAnswer }> => {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return { refused: refusal(400, 'BodyUnreadable') }
  const inTime = new AbortController()
  try {
    const body = await Promise.race([request.body(), wait(clock, bodyWithinMs, inTime.signal)])
    if (!body) return { refused: refusal(503, 'BodyTooSlow') }
    const parsed = parseBody(body)
    return parsed === 'too deep' ? { refused: refusal(400, 'BodyTooDeep') } : parsed
  } catch (error) {
    if (error instanceof TooLarge) return { refused: refusal(413, 'BodyTooLarge') }
    if (error instanceof TooMany) return { refused: refusal(503, 'Overloaded') }
    return { refused: refusal(400, 'BodyUnreadable') }
  } finally {
    inTime.abort()
  }
}
