import { at } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import type { Rng } from '../../simulation/seed.ts'
import { notification } from '../../support/alertmanager.ts'
import { post } from '../../support/product.ts'
import type { Answer, Attempt } from './history.ts'
import type { Delivery, Extent } from './plan.ts'

/** Where a process takes posts. */
export interface Serving {
  readonly process: string
  readonly port: number
}

/** What senders have to know. */
export interface Post {
  readonly rng: Rng
  /** The processes that are known to serve; one of them may have been killed just now. */
  readonly serving: () => readonly Serving[]
  /** The path of a hook's URL. */
  readonly pathOf: (hook: string) => string
  readonly note: (attempt: Attempt) => void
}

/** A sender gives up a connection that is silent for so long, in milliseconds: no post takes so long. */
const timeoutMs = 15_000

/** How long a delivery that names itself is tried again, in milliseconds: longer than any outage. Then it is given up. */
const insistMs = 60_000

/** How long a sender waits between two attempts, at most, in milliseconds. */
const maxPauseMs = 300

/** Posts each delivery, so many senders at a time and over so long a time. `begun` is called before each is sent. */
export const sendAll = async (
  posting: Post,
  deliveries: readonly Delivery[],
  { lastsMs = 0, senders }: Pick<Extent, 'lastsMs' | 'senders'>,
  begun: () => void,
): Promise<void> => {
  const queue = deliveries.entries()
  const beganAt = nodeClock.monotonic()
  const send = async (): Promise<void> => {
    for (const [index, delivery] of queue) {
      const dueAt = beganAt + (index / deliveries.length) * lastsMs
      await wait(nodeClock, Math.max(0, dueAt - nodeClock.monotonic()))
      begun()
      await deliver(posting, delivery)
    }
  }
  await Promise.all(Array.from({ length: senders }, send))
}

const deliver = async (posting: Post, delivery: Delivery): Promise<void> => {
  const { rng } = posting
  if (delivery.name === undefined) return void (await arrive(posting, delivery, undefined))
  if (delivery.together) {
    await Promise.all(Array.from({ length: delivery.copies }, () => insist(posting, delivery, undefined)))
    return
  }
  let last: string | undefined
  for (let copy = 0; copy < delivery.copies; copy++) {
    last = await insist(posting, delivery, last)
    await wait(nodeClock, rng.int(0, maxPauseMs))
  }
}

/** Posts until there is an answer that is no error of the receiver's. Resolves with who answered last. */
const insist = async (posting: Post, delivery: Delivery, but: string | undefined): Promise<string> => {
  const until = nodeClock.monotonic() + insistMs
  let last = but
  for (;;) {
    const { answer, process } = await arrive(posting, delivery, last)
    if ((answer && answer.status < 500) || nodeClock.monotonic() > until) return process
    last = process
    await wait(nodeClock, posting.rng.int(0, maxPauseMs))
  }
}

/** Posts to one process after another until one lets it in: preferably not to the one named `but`. */
const arrive = async (posting: Post, delivery: Delivery, but: string | undefined): Promise<Attempt> => {
  for (;;) {
    const all = posting.serving()
    const others = all.filter(({ process }) => process !== but)
    const among = others.length > 0 ? others : all
    const attempt = among.length > 0 ? await attemptAt(posting, delivery, posting.rng.pick(among)) : undefined
    if (attempt) return attempt
    await wait(nodeClock, posting.rng.int(0, maxPauseMs / 10))
  }
}

/** Sends one post. Resolves with undefined if nobody listened, so that it cannot have arrived. */
export const attemptAt = async (
  { note, pathOf }: Omit<Post, 'rng' | 'serving'>,
  delivery: Pick<Delivery, 'hook' | 'name' | 'by'>,
  { port, process }: Serving,
): Promise<Attempt | undefined> => {
  const { hook, name } = delivery
  const sentAt = Math.floor(nodeClock.monotonic())
  const tried = await post(`http://127.0.0.1:${port}${pathOf(hook)}`, undefined, {
    ...contentOf(delivery),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => error)
  if (isRefused(tried)) return undefined
  const attempt: Attempt = {
    hook,
    process,
    ...(name !== undefined && { name }),
    sentAt,
    endedAt: Math.ceil(nodeClock.monotonic()),
    ...answerIn(tried),
  }
  note(attempt)
  return attempt
}

const contentOf = ({ by, hook, name }: Pick<Delivery, 'hook' | 'name' | 'by'>): RequestInit => {
  if (by === undefined) return {}
  if (by === 'idempotency-key') return { headers: { 'idempotency-key': `"${name}"` } }
  const labels = { receiver: hook, groupLabels: { delivery: name }, groupKey: `{}:{delivery="${name}"}` }
  const body = JSON.stringify({ ...notification('firing', 'first notification'), ...labels })
  return { headers: { 'content-type': 'application/json' }, body }
}

const isRefused = (tried: unknown): boolean =>
  tried instanceof Error && tried.cause instanceof Error && 'code' in tried.cause && tried.cause.code === 'ECONNREFUSED'

const answerIn = (tried: unknown): { readonly answer?: Answer } => {
  const status = at(tried, 'status')
  if (typeof status !== 'number') return {}
  const outcome = at(tried, 'body', 'outcome')
  const [from, to] = ['from', 'to'].map(member => at(tried, 'body', member))
  return {
    answer: {
      status,
      ...(typeof outcome === 'string' && { outcome }),
      reason: String(at(tried, 'body', 'reason')),
      ...(typeof from === 'number' && { from }),
      ...(typeof to === 'number' && { to }),
      // Where there are counts, it only says them once more.
      ...(from === undefined && { message: String(at(tried, 'body', 'message')) }),
    },
  }
}
