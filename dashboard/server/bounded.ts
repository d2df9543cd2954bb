import { CommandFailure } from '../../src/commands/failure.ts'
import { UsageError } from '../../src/commands/command.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { apiRefusal } from './api.ts'
import { apiWithinMs, examinations } from './limits.ts'
import { RefusedError } from './refused.ts'

/**
 * Runs what the command line does too, which reads whole lists. A namespace may hold more than this process has
 * memory. So all requests of one run together read a limited number of bytes, and few runs go on at once.
 */
export class Examinations {
  #running = 0

  async run<T>(api: ApiConnection, command: string, run: (api: ApiConnection) => Promise<T>): Promise<T> {
    if (this.#running >= examinations.atOnce) {
      const message = 'the dashboard is busy reading for others: try again in a moment'
      throw new RefusedError(429, 'TooManyRequests', message, { headers: { 'retry-after': '1' } })
    }
    this.#running += 1
    try {
      return await run(bounded(api, command))
    } catch (error) {
      throw asRefusal(error)
    } finally {
      this.#running -= 1
    }
  }
}

const bounded = (api: ApiConnection, command: string): ApiConnection => {
  let left: number = examinations.maxBytes
  return {
    ...api,
    request: async asking => {
      const response = await api.request({ ...asking, timeoutMs: Math.min(asking.timeoutMs, apiWithinMs) })
      left -= response.body.length
      if (left >= 0) return response
      throw new RefusedError(413, 'TooLarge', `this is too much for the dashboard to read; use ${command}`)
    },
  }
}

const asRefusal = (error: unknown): unknown => {
  if (error instanceof CommandFailure || error instanceof UsageError) {
    return new RefusedError(404, 'NotFound', error.message)
  }
  return error instanceof ApiError || error instanceof Unreachable ? apiRefusal(error) : error
}
