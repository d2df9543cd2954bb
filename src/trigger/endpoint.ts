import type { Environment } from '../environment/environment.ts'
import { deliveryOf } from '../senders/registry.ts'
import type { StepService } from '../steps/service.ts'
import { answerTo, refusal, type TriggerAnswer } from './answer.ts'
import type { Authenticate } from './authenticate.ts'
import { parseBody } from './body.ts'
import { execute } from './execute.ts'
import type { Hooks } from './hooks.ts'
import { answerWithinMs } from './limits.ts'
import type { Handled, Recorder } from './record.ts'

/** A post, without express and without a socket. */
export interface TriggerRequest {
  readonly method: string
  readonly token: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Reads the body, once. Rejects with {@link TooLarge}, or anything else when it does not arrive whole. */
  body(): Promise<Uint8Array>
}

/** The body is larger than a delivery may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

export type Endpoint = (request: TriggerRequest) => Promise<TriggerAnswer>

/** A delivery, step by step: token, body, sender, gates, driver, answer, record. */
export const triggerEndpoint = (
  { api, clock }: Environment,
  authenticate: Authenticate,
  hooks: Hooks,
  steps: StepService,
  record: Recorder,
): Endpoint => {
  const deliver = async (request: TriggerRequest, deadline: number): Promise<Handled> => {
    if (request.method !== 'POST') return { answer: refusal(405, 'MethodNotAllowed') }
    const first = await authenticate(request.token)
    if (!first.accepted) return { answer: refusal(first.status, first.reason) }

    const read = await readBody(request)
    if ('refused' in read) return { answer: read.refused, hook: first.hook }
    const delivery = deliveryOf({ headers: request.headers, json: read.json })
    const dryRun = request.query.get('dryRun') === 'true'

    for (let authentication = first; ;) {
      const { hook } = authentication
      const outcome = await execute(hook, delivery, { api, clock, hooks, dryRun, steps: steps.until(deadline) })
      if (outcome !== 'changed meanwhile') {
        const target = 'target' in hook.bound ? hook.bound.target : 'the target'
        return { answer: answerTo(outcome, hook, target, dryRun), hook, delivery }
      }
      const again = await authenticate(request.token)
      if (!again.accepted) return { answer: refusal(again.status, again.reason), hook }
      authentication = again
    }
  }

  return async request => {
    const arrived = clock.monotonic()
    const handled = await deliver(request, arrived + answerWithinMs)
    record(handled, clock.monotonic() - arrived)
    return handled.answer
  }
}

const readBody = async (request: TriggerRequest): Promise<{ json: unknown } | { refused: TriggerAnswer }> => {
  try {
    const parsed = parseBody(await request.body())
    return parsed === 'too deep' ? { refused: refusal(400, 'BodyTooDeep') } : parsed
  } catch (error) {
    return { refused: error instanceof TooLarge ? refusal(413, 'BodyTooLarge') : refusal(400, 'BodyUnreadable') }
  }
}
