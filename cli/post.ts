import http from 'node:http'
import https from 'node:https'
import { CommandFailure } from '../src/commands/failure.ts'
import { agentFor } from './proxied.ts'
import type { Shell } from '../src/commands/shell.ts'

/** A post got no answer. */
export class NoAnswer extends CommandFailure {
  /** The message without its advice: which host did not answer, and why. */
  readonly said: string
  /** True if the post may have arrived: the connection was lost, or there was no answer in time. */
  readonly isLost: boolean

  constructor(host: string, why: string, code: string) {
    const said = `no answer from ${host}: ${why}`
    const made = unconnected.has(code) ? 'nothing was posted' : 'the post arrived once or not at all'
    if (code === interrupted) super(`interrupted: ${made}`, 130)
    else super(`${said}; ${made}. Can you reach --public-url from here?`, 3)
    this.said = said
    this.isLost = lost.has(code)
  }
}

/** The error code of a request that its signal has aborted. */
const interrupted = 'ABORT_ERR'

/** Error codes of a connection that was never made. Nothing was sent. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Error codes of a connection that ended, or stayed silent, after the post may have been sent. */
const lost = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

export interface Posted {
  readonly status: number
  readonly body: string
}

/**
 * The time limit of a post that does not wait, in milliseconds. The endpoint answers within four
 * seconds.
 */
const withinMs = 15_000

interface PostOptions {
  /**
   * How long the trigger may wait for the outcome before it answers, in milliseconds. Default: it
   * does not wait.
   */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/**
 * Posts to a hook's URL, through the environment's proxy if it has one. Rejects with {@link
 * NoAnswer}.
 */
export const post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  env: Shell['env'],
  { signal, waitMs = 0 }: PostOptions = {},
): Promise<Posted> =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const client = target.protocol === 'https:' ? https : http
    const failed = ({ code = '', message }: NodeJS.ErrnoException): void =>
      reject(new NoAnswer(target.host, message, code))
    const sent = client.request(
      target,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'kubectl-receiverhook' },
        timeout: withinMs + waitMs,
        ...(signal && { signal }),
        agent: agentFor(target, env),
      },
      answer => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => void (text += part))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
        answer.on('error', failed)
      },
    )
    const limit = `none within ${(withinMs + waitMs) / 1000} s`
    sent.on('timeout', () => sent.destroy(Object.assign(new Error(limit), { code: 'ETIMEDOUT' })))
    sent.on('error', failed)
    sent.end(body)
  })
