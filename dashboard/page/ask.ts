import { at, isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { ServerAnswer, ServerRefusal } from '../protocol.ts'
import { after, request } from './browser.ts'
import { pageKey, sessionEnded } from './credential.ts'
import type { StreamRefusal } from './stream.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** How many times a read or a dry run is sent at most, if the answers are 429 or 503. */
const attempts = 4
const maxWaitMs = 10_000

/**
 * Sends a request to the server. A read or a dry run is repeated after 429 or 503, after the time
 * in Retry-After but at most {@link maxWaitMs}. A 401 ends the session on the page too.
 */
export const askServer = async <T>(method: Method, path: string, body?: unknown): Promise<ServerAnswer<T>> => {
  const repeatable = isRepeatable(method, path)
  for (let attempt = 1; ; attempt++) {
    const key = pageKey()
    const answer = await once<T>(method, path, key, body)
    if (answer.ok) return answer
    // A sign-in that is refused with 401 does not end an earlier session of the page.
    if (answer.status === 401 && path !== '/api/session') sessionEnded(answer.refusal, key)
    const busy = answer.status === 429 || answer.status === 503
    if (!busy || !repeatable || attempt === attempts) return answer
    await new Promise<void>(resolve => after(Math.min(answer.retryAfterMs, maxWaitMs), resolve))
  }
}

const isRepeatable = (method: Method, path: string): boolean => method === 'GET' || path.includes('dryRun=true')

type Once<T> = { readonly ok: true; readonly body: T } | ({ readonly ok: false } & StreamRefusal)

const once = async <T>(method: Method, path: string, key: string, body: unknown): Promise<Once<T>> => {
  try {
    const response = await request(
      path,
      { 'x-page-key': key, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
      { method, ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }) },
    )
    const text = await response.text()
    const said = tryParseJson(text)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- page and server are of one version and share protocol.ts
    if (response.ok && said !== undefined) return { ok: true, body: said as T }
    return { ok: false, ...refusalOf(response, text) }
  } catch (error) {
    const isUnknown = String(error).startsWith('TimeoutError') && !isRepeatable(method, path)
    const message = isUnknown
      ? 'no answer came; it may have been done'
      : "can't reach the dashboard: is it still running?"
    return { ok: false, status: 0, refusal: { reason: 'Unreachable', message }, retryAfterMs: 0 }
  }
}

/**
 * Returns why a response is a refusal. A redirect, or a document in place of an answer, comes from a
 * proxy that wants the user to sign in there, so it counts as 401.
 */
export const refusalOf = (response: Response, text: string): StreamRefusal => {
  const status = response.ok ? 401 : response.status || 401
  // A proxy may send a date, which is no number.
  const retryAfterMs = Number(response.headers.get('retry-after')) * 1000 || 1000
  return { status, refusal: refusalIn(tryParseJson(text), status), retryAfterMs }
}

const refusalIn = (said: unknown, status: number): ServerRefusal => {
  const fields = at(said, 'fields')
  return {
    reason: stringAt(said, 'reason') ?? 'Refused',
    message:
      stringAt(said, 'message') ?? (status === 401 ? 'a proxy wants you to sign in' : `the server answered ${status}`),
    ...(isObject(fields)
      ? { fields: Object.fromEntries(Object.entries(fields).map(([path, message]) => [path, String(message)])) }
      : {}),
  }
}
