import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** The outcomes of the posts of a load. */
export interface Load {
  readonly sent: number
  /** How many ended how, such as `fresh 200 Stepped` or `kept ECONNRESET`. */
  readonly ended: Readonly<Record<string, number>>
  /** How many were sent once more, on a new connection, since the kept one was closed as they were sent. */
  readonly again: number
  /** Milliseconds. */
  readonly slowest: number
}

/** How a post ends that the program gave up. Its connection is closed after 4 s, since the outcome of its write is unknown. */
export const unknownInTime = 'no answer after 4 s'

/**
 * How a post ends if its turn did not come in time, or the API server did not answer in time.
 * Nothing was changed, and the sender has to send it again.
 */
export const busy = 'busy 503'

const busyAnswers: ReadonlySet<string> = new Set(['503 Contended', '503 ApiUnreachable'])

/** In milliseconds. */
const givenUpAfterMs = 3900

/** An answer is due after 4 s; a machine that is busy is late with it. In milliseconds. */
const timeoutMs = 20_000

/**
 * Posts at a steady rate, every other one on a connection of its own and the others on connections that are kept, until
 * `stop` is aborted. Resolves when each has ended.
 */
export const steadyLoad = async (host: string, path: string, perSecond: number, stop: AbortSignal): Promise<Load> => {
  const kept = new Agent({ keepAlive: true })
  const ended = new Map<string, number>()
  const posts: Promise<void>[] = []
  let [again, slowest] = [0, 0]
  const began = performance.now()
  while (!stop.aborted) {
    while (posts.length < ((performance.now() - began) / 1000) * perSecond) {
      const isFresh = posts.length % 2 === 0
      const posted = performance.now()
      posts.push(
        post(host, path, isFresh ? undefined : kept, () => void (again += 1)).then(how => {
          const took = performance.now() - posted
          const isGivenUp = how === 'ECONNRESET' && took > givenUpAfterMs
          const kind = isFresh ? 'fresh' : 'kept'
          const key = isGivenUp ? unknownInTime : busyAnswers.has(how) ? busy : `${kind} ${how}`
          ended.set(key, (ended.get(key) ?? 0) + 1)
          slowest = Math.max(slowest, took)
        }),
      )
    }
    await sleep(5)
  }
  await Promise.all(posts)
  kept.destroy()
  return { sent: posts.length, ended: Object.fromEntries(ended), again, slowest: Math.round(slowest) }
}

/**
 * Sends one post with no body, and returns how it ended. As every HTTP client does, it sends it again where a connection that
 * was kept is closed just then, before anything of an answer (RFC 9112, section 9.3.1).
 */
const post = async (host: string, path: string, agent: Agent | undefined, again: () => void): Promise<string> => {
  const began = performance.now()
  const { how, wasKept } = await once(host, path, agent)
  if (how !== 'ECONNRESET' || !wasKept || performance.now() - began > givenUpAfterMs) return how
  again()
  return (await once(host, path, undefined)).how
}

const once = (
  host: string,
  path: string,
  agent: Agent | undefined,
): Promise<{ readonly how: string; readonly wasKept: boolean }> =>
  new Promise(resolve => {
    const headers = { 'content-length': 0 }
    const end = (how: string): void => resolve({ how, wasKept: sent.reusedSocket })
    const sent = request({ host, path, method: 'POST', agent: agent ?? false, timeout: timeoutMs, headers }, answer => {
      let body = ''
      answer
        .setEncoding('utf8')
        .on('data', (text: string) => void (body += text))
        .on('end', () => end(`${answer.statusCode} ${/"reason":"(\w+)"/.exec(body)?.[1] ?? body}`))
        .on('error', error => end(error.message))
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer'))).on('error', error => end(codeOf(error)))
    sent.end()
  })

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.message)
