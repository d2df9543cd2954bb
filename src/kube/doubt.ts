import type { ApiConnection } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Checkable } from './history-check.ts'
import type { History } from './history.ts'
import type { Source } from './source.ts'

/** Returns a function that checks the API server of each watch of a source, and ends the check with the watch. */
export const checkedBy =
  (history: History | undefined, source: Source) =>
  (watch: Checkable): (() => void) =>
    history?.checkOver(source, watch).end ?? (() => {})

/**
 * Returns a connection that does not send a request for evidence while the answer may be of a lost
 * history.
 */
export const withoutDoubt = (api: ApiConnection, history: Pick<History, 'doubt'>): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: request => {
    const why = request.isEvidence === true ? history.doubt() : undefined
    return why === undefined ? api.request(request) : Promise.reject(new Unreachable(why, false))
  },
})
