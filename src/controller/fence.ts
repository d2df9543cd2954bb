import type { ApiConnection } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'

/** A write was not sent, since the lease may be another's by now. It makes no sense to try again before it is held. */
export class LeaseNotHeld extends Unreachable {
  constructor(request: string) {
    super(`${request}: not sent, the lease was lost`, false)
  }
}

/**
 * The connection as a leader has it: it reads at any time and writes only while `holds` says that the lease is held.
 * An election fences nothing by itself, so each write also carries the version that it was computed from.
 */
export const whileLeading = (api: ApiConnection, holds: () => boolean): ApiConnection => ({
  request: request =>
    request.method === 'GET' || holds()
      ? api.request(request)
      : Promise.reject(new LeaseNotHeld(`${request.method} ${request.path}`)),
  watch: (request, stop) => api.watch(request, stop),
})
