import { Pool, type Dispatcher } from 'undici'
import { parseJson } from '../../src/api/json.ts'
import type { Reached } from './job.ts'

/** The API server, asked with nothing between: an undici Pool, and JSON where it is needed. */
export interface Api {
  /** Throws where the answer is no success and none of `also`. */
  send(method: Dispatcher.HttpMethod, path: string, sent?: Sent): Promise<Answer>
  /** The lines of a watch, until `stop` is aborted. */
  watch(path: string, stop: AbortSignal): AsyncIterable<string>
}

export interface Sent {
  readonly body?: string
  readonly contentType?: string
  /** Whom the API server is to take the sender for. */
  readonly as?: string
  /** Asks for an answer that has only the metadata of the object. */
  readonly metadataOnly?: boolean
  /** Statuses that are answers like any other. */
  readonly also?: readonly number[]
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/** As many as anything asks at a time. */
const maxSockets = 64

export const apiOf = ({ ca, server, token }: Reached): Api => {
  const poolOf = (connections: number | null): Pool =>
    new Pool(server, {
      connections,
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(ca === undefined ? {} : { connect: { ca } }),
    })
  const pool = poolOf(maxSockets)
  const watches = poolOf(null)
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    send: async (
      method,
      path,
      { also = [], as, body, contentType = 'application/json', metadataOnly = false } = {},
    ) => {
      const headers = {
        accept: metadataOnly ? 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' : 'application/json',
        ...authorization,
        ...(body && { 'content-type': contentType }),
        ...(as !== undefined && { 'impersonate-user': as }),
      }
      const response = await pool.request({ method, path, headers, body: body ?? null })
      const answer = { status: response.statusCode, text: await response.body.text() }
      if (answer.status < 300 || also.includes(answer.status)) return answer
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`)
    },
    watch: async function* (path, stop) {
      const response = await watches.request({ method: 'GET', path, headers: authorization, signal: stop })
      if (response.statusCode !== 200) throw new Error(`watch of ${path}: ${response.statusCode}`)
      const decoder = new TextDecoder()
      let rest = ''
      try {
        for await (const chunk of response.body) {
          if (!(chunk instanceof Uint8Array)) continue
          const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
          rest = lines.pop() ?? ''
          yield* lines
        }
      } catch (error) {
        if (!stop.aborted) throw error
      }
    },
  }
}

export const jsonOf = ({ text }: Answer): unknown => parseJson(text)
