import http from 'node:http'
import https from 'node:https'
import { CommandFailure } from './failure.ts'
import { agentFor } from './proxied.ts'
import type { Shell } from './shell.ts'

export interface Posted {
  readonly status: number
  readonly body: string
}

/** How long a post may take, in milliseconds: the endpoint answers within four seconds. */
const withinMs = 15_000

/** Posts to a hook's URL, by the proxy of the environment where one is named for it. */
export const post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  env: Shell['env'],
): Promise<Posted> =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const client = target.protocol === 'https:' ? https : http
    const failed = (why: string): void => {
      const { host } = target
      reject(
        new CommandFailure(
          `no answer from ${host}: ${why}; the post was made once or not at all. Is --public-url reached from here?`,
          3,
        ),
      )
    }
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
        answer.on('error', error => failed(error.message))
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`none within ${withinMs / 1000} s`)))
    sent.on('error', error => failed(error.message))
    sent.end(body)
  })
