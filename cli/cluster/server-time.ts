import { parseTime } from '../../src/environment/time.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'

/**
 * Reads the time of the API server, in milliseconds since the epoch and with whole seconds. Returns
 * undefined if the API server does not say its time. Throws if it cannot be reached.
 */
export const readServerTime = async (
  api: Pick<ApiConnection, 'request'>,
  timeoutMs: number,
): Promise<number | undefined> => {
  const { headers } = await api.request({ method: 'GET', path: '/version', lane: 'bulk', timeoutMs })
  const time = parseTime(String(headers['date'] ?? ''))
  return Number.isNaN(time) ? undefined : time
}
