import { request } from 'node:http'
import { isObject, parseJson, tryParseJson, type JsonObject } from '../../src/api/json.ts'

/** Where somebody reaches the dashboard, and under which address they have opened it. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly origin: string
}

export interface Visited {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  /** The body, or nothing where it is no JSON object. */
  readonly body: JsonObject
}

export interface Visit {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: JsonObject
  /** Ends an answer that has no end as soon as this holds of what came. */
  readonly enough?: (text: string) => boolean
}

/** Sends what the page would send, and resolves with the answer. */
export const visit = (
  { host, origin, port }: Place,
  line: string,
  { body, enough, headers = {} }: Visit = {},
): Promise<Visited> =>
  new Promise((resolve, reject) => {
    const [method = 'GET', path = '/'] = line.split(' ')
    const text = body === undefined ? '' : JSON.stringify(body)
    // Node itself sends no length for a DELETE.
    const length = String(Buffer.byteLength(text))
    const ofPage = method === 'GET' ? {} : { origin, 'content-type': 'application/json', 'content-length': length }
    const sent = { host: new URL(origin).host, ...ofPage, ...headers }
    request({ host, port, method, path, agent: false, headers: sent }, answer => {
      let come = ''
      const done = (): void => {
        const parsed = tryParseJson(come)
        const { headers: answered, statusCode: status = 0 } = answer
        resolve({ status, headers: answered, text: come, body: isObject(parsed) ? parsed : {} })
      }
      answer.setEncoding('utf8').on('error', reject).on('end', done)
      answer.on('data', (chunk: string) => {
        come += chunk
        if (enough?.(come) !== true) return
        done()
        answer
          .off('error', reject)
          .on('error', () => undefined)
          .destroy()
      })
    })
      .on('error', reject)
      .end(text)
  })

/** Returns the events of a stream until the list is whole, or the stream has ended. */
export const eventsOf = async (place: Place, namespace: string, headers: Visit['headers']): Promise<unknown[]> => {
  const { status, text } = await visit(place, `GET /api/stream?namespace=${namespace}`, {
    headers: headers ?? {},
    enough: come => /"type":"(synced|ended)".*\n\n/.test(come),
  })
  if (status !== 200) throw new Error(`the stream answered ${status}: ${text}`)
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => parseJson(data))
}
