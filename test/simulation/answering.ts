import type { ServerResponse } from '../../apiserver/response.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import type { SimulatedApiServer } from './api-servers.ts'
import { declined, isFromCache, status } from './messages.ts'
import type { Rng } from './seed.ts'
import type { Sender } from './server.ts'
import type { Simulation } from './simulation.ts'

/** Answers of a server that has lost its storage's confirmation. */
const failedAfterwards = (rng: Rng): ServerResponse =>
  rng.pick([status(500, 'InternalError'), status(504, 'Timeout', { 'retry-after': '1' })])

/**
 * What the storage makes of a request, with what an API server can make of that. What comes from the cache of an API server that
 * has lost its history comes from there.
 */
export const answerOf = (
  { faults, server }: Pick<Simulation, 'faults' | 'server'>,
  rng: Rng,
  { apiServer, ...by }: Sender & { readonly apiServer: SimulatedApiServer },
  asked: ApiRequest,
): ServerResponse => {
  if (rng.chance(faults().declined)) return declined(rng)
  const { body, contentType = 'application/json', method, path, query, user } = asked
  const request = {
    method,
    path,
    contentType,
    userAgent: 'receiver-hooks',
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
  }
  if (apiServer.lost && isFromCache(asked)) return apiServer.lost.handle(request)
  const response = server.ask(by, request, user)
  return method !== 'GET' && rng.chance(faults().failedAfterwards) ? failedAfterwards(rng) : response
}
