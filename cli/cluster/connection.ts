import http from 'node:http'
import https from 'node:https'
import { createInterface } from 'node:readline'
import { stringAt, tryParseJson } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'
import { agentFor } from '../proxied.ts'
import type { Shell } from '../../src/commands/shell.ts'

/** The address of an API server and the identity to use. */
export interface ServerRoute {
  readonly server: string
  /** Options of node:https: certificates, or a proxy's agent. */
  readonly options: https.RequestOptions
  /** Returns the headers of each request: authorization and impersonation. */
  headers(): Promise<Readonly<Record<string, string | string[]>>>
  /**
   * The time limit of every request, in milliseconds. A request with a shorter limit of its own
   * keeps that limit.
   */
  readonly timeoutMs?: number
}

/**
 * Returns a connection for a program with few requests. It uses Node's client, because loading
 * undici takes 50 ms. Idle sockets do not keep the process alive.
 */
export const cliConnection = (route: ServerRoute, env: Shell['env']): ApiConnection => {
  const secure = route.server.startsWith('https:')
  const server = new URL(route.server)
  const agent = agentFor(server, env)
  const open: Open = async (request, signal) => {
    const headers = headersOf(request, await route.headers())
    const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query).toString()}`
    const path = `${server.pathname.replace(/\/+$/, '')}${request.path}${query}`
    const timeout = Math.min(request.timeoutMs, route.timeoutMs ?? Infinity)
    return await new Promise((resolve, reject) => {
      let begun: http.IncomingMessage | undefined
      const sent = (secure ? https : http).request(
        server,
        { agent, ...route.options, path, method: request.method, headers, signal },
        answer => {
          begun = answer
          resolve(answer)
        },
      )
      // The body must not stall either. A watch ends this limit, because it may be silent.
      sent.setTimeout(timeout, () => {
        const limit = `within ${timeout / 1000} s`
        if (begun) begun.destroy(new Error(`no complete answer ${limit}`))
        else sent.destroy(new Error(`no answer ${limit}`))
      })
      sent.on('error', error => reject(unreachable(route.server, error)))
      sent.end(request.body)
    })
  }
  return {
    request: async request => await wholeOf(await open(request), route.server),
    watch: (request, stop) =>
      Object.assign(linesOf(open, request, stop, route.server), { ask: () => Promise.resolve(undefined) }),
  }
}

/** Sends a request. Resolves with the head of its answer, and rejects if it is aborted before. */
type Open = (request: ApiRequest, signal?: AbortSignal) => Promise<http.IncomingMessage>

const headersOf = (request: ApiRequest, own: http.OutgoingHttpHeaders): http.OutgoingHttpHeaders => ({
  accept: 'application/json',
  'user-agent': 'kubectl-receiverhook',
  ...(request.body === undefined
    ? {}
    : {
        'content-type': request.contentType ?? 'application/json',
        'content-length': Buffer.byteLength(request.body),
      }),
  ...(request.user === undefined ? own : asUser(own, request.user)),
})

/** Returns headers for a request as `user`, in place of whom the flags name. */
const asUser = (own: http.OutgoingHttpHeaders, user: string): http.OutgoingHttpHeaders => ({
  ...Object.fromEntries(Object.entries(own).filter(([name]) => !name.startsWith('impersonate-'))),
  'impersonate-user': user,
})

const unreachable = (server: string, error: Error): Unreachable => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return new Unreachable(
    `can't reach the API server at ${server}: ${error.message === '' ? code : error.message}`,
    true,
    error,
  )
}

const wholeOf = async (answer: http.IncomingMessage, server: string): Promise<ApiResponse> => {
  const chunks: Buffer[] = []
  try {
    // oxlint-disable-next-line typescript/no-unsafe-argument -- a message without an encoding gives buffers
    for await (const chunk of answer) chunks.push(Buffer.from(chunk))
  } catch (error) {
    throw unreachable(server, error instanceof Error ? error : new Error(String(error)))
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) headers[name] = String(value)
  return { status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') }
}

async function* linesOf(open: Open, request: ApiRequest, stop: AbortSignal, server: string): AsyncGenerator<string> {
  const answer = await open(request, stop).catch((error: unknown) => {
    if (!stop.aborted) throw error
  })
  if (!answer) return
  if (answer.statusCode !== 200) {
    const { body, status } = await wholeOf(answer, server)
    throw new WatchRefused(status, stringAt(tryParseJson(body), 'message') ?? body.slice(0, 500))
  }
  answer.socket.setTimeout(0)
  const lines = createInterface({ input: answer })
  // Closes the reader of the lines too, because it would not end when the stream is destroyed.
  const end = (): void => {
    lines.close()
    answer.destroy()
  }
  stop.addEventListener('abort', end)
  try {
    for await (const line of lines) if (line !== '') yield line
  } catch (error) {
    if (!stop.aborted) throw unreachable(server, error instanceof Error ? error : new Error(String(error)))
  } finally {
    stop.removeEventListener('abort', end)
    end()
  }
}
