import type { JsonObject } from '../src/api/json.ts'

/** What the server answers to a request. */
export interface ServerResponse {
  readonly status: number
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Returns an answer with a JSON document. */
export const json = (
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse => answerInJson(status, JSON.stringify(body), headers)

/** Returns an answer with a text that is JSON. */
export const answerInJson = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
})

/** Returns an answer with plain text. */
export const plainAnswer = (status: number, body: string): ServerResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})

export const pageNotFound = plainAnswer(404, '404 page not found\n')
