import type { ServerResponse } from '../../src/apiserver/server.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { declined, status } from './messages.ts'
import type { Rng } from './seed.ts'
import type { Simulation } from './simulation.ts'

/** Answers of a server that has lost its storage's confirmation. */
const failedAfterwards = (rng: Rng): ServerResponse =>
  rng.pick([status(500, 'InternalError'), status(504, 'Timeout', { 'retry-after': '1' })])

/** What the storage makes of a request, with what an API server can make of that. */
export const answerOf = (
  { faults, server }: Pick<Simulation, 'faults' | 'server'>,
  rng: Rng,
  process: string,
  { body, contentType = 'application/json', method, path, query, user }: ApiRequest,
): ServerResponse => {
  if (rng.chance(faults().declined)) return declined(rng)
  const request = {
    method,
    path,
    contentType,
    userAgent: 'receiver-hooks',
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
  }
  const response = server.ask(process, request, user)
  return method !== 'GET' && rng.chance(faults().failedAfterwards) ? failedAfterwards(rng) : response
}
