import type { PageAnswer, PageRequest } from '../../src/dashboard/server/exchange.ts'
import { parseJson } from '../../src/api/json.ts'

const pageOrigin = 'http://127.0.0.1:8082'

/** A request of the page itself; `change` makes it somebody else's. */
export const pageRequest = (method: string, target: string, change: Partial<PageRequest> = {}): PageRequest => ({
  method,
  target,
  hosts: ['127.0.0.1:8082'],
  address: '127.0.0.1',
  body: () => Promise.resolve('{}'),
  ...change,
  headers: {
    'sec-fetch-site': 'same-origin',
    ...(method === 'GET' ? {} : { origin: pageOrigin, 'content-type': 'application/json' }),
    ...change.headers,
  },
})

/** An answer that is no stream, with its body parsed where that is JSON. */
export const read = (
  answer: PageAnswer,
): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown } => {
  if ('stream' in answer) throw new Error('the answer is a stream')
  const text = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body).toString()
  return {
    status: answer.status,
    headers: answer.headers ?? {},
    body: text.startsWith('{') || text.startsWith('[') ? parseJson(text) : text,
  }
}
