import http from 'node:http'
import https from 'node:https'
import { CommandFailure } from './failure.ts'
import { agentFor } from './proxied.ts'
import type { Shell } from './shell.ts'

/** A post got no answer. */
export class NoAnswer extends CommandFailure {
  /** Who did not answer, and why. */
  readonly said: string

  constructor(host: string, why: string, isUnsent: boolean) {
    const said = `no answer from ${host}: ${why}`
    const made = isUnsent ? 'nothing was posted' : 'the post was made once or not at all'
    super(`${said}; ${made}. Is --public-url reached from here?`, 3)
    this.said = said
  }
}

/** Error codes of a connection that was never made. Nothing was sent. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

export interface Posted {
  readonly status: number
  readonly body: string
}

/** The time limit of a post, in milliseconds. The endpoint answers within four seconds. */
const withinMs = 15_000

/** Posts to a hook's URL, through the environment's proxy if it has one. */
export const post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  env: Shell['env'],
): Promise<Posted> =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const client = target.protocol === 'https:' ? https : http
    const failed = ({ code = '', message }: NodeJS.ErrnoException): void =>
      reject(new NoAnswer(target.host, message, unconnected.has(code)))
    const sent = client.request(
      target,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'kubectl-receiverhook' },
        timeout: withinMs,
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
    sent.on('timeout', () => sent.destroy(new Error(`none within ${withinMs / 1000} s`)))
    sent.on('error', failed)
    sent.end(body)
  })
