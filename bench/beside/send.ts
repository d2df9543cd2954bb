import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, errors, request } from 'undici'

/** As many connections as there are posts at once, kept open. Nothing is given up before the receiver answers. */
const dispatcher = new Agent({ connections: 256, headersTimeout: 600_000, bodyTimeout: 600_000 })

/** How long a sender waits before it sends again what was not answered 200, in milliseconds. */
const againAfterMs = 100

/** Sends a notification of an alert once. Resolves with the status, or with undefined if there was no answer. */
export const send = async (url: string, body: string): Promise<number | undefined> => {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await request(url, { method: 'POST', headers, body, dispatcher })
    await response.body.dump()
    return response.statusCode
  } catch (error) {
    if (error instanceof errors.UndiciError || isConnectionError(error)) return undefined
    throw error
  }
}

/** How long it goes on, in milliseconds: a receiver that never answers 200 cannot be tried. */
const givesUpAfterMs = 300_000

/** Sends it as Alertmanager does: again and again, the same, until the answer is 200. */
export const sendUntilDone = async (url: () => string, body: string): Promise<void> => {
  const began = performance.now()
  for (let status = await send(url(), body); status !== 200; status = await send(url(), body)) {
    if (performance.now() - began > givesUpAfterMs) throw new Error(`it still answers ${status ?? 'nothing'}`)
    await sleep(againAfterMs)
  }
}

const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(String(error.code))
