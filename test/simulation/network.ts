import { parseJson, stringAt } from '../../src/api/json.ts'
import type { ServerResponse } from '../../apiserver/response.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { hookLabel } from '../../src/drivers/run-job/jobs.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { answerOf } from './answering.ts'
import type { Faults } from './faults.ts'
import { followedAt, isConsistentList, status, travelMs, versionIn } from './messages.ts'
import type { Rng } from './seed.ts'
import type { SimulatedProcess, Simulation } from './simulation.ts'
import { watchOver } from './watch.ts'
import { jobsPath } from './world/paths.ts'
import { sitePath } from './world/workload.ts'
import { writtenIn } from './written.ts'

/** The way between one process and the API server, with all that can happen on it. */
export const connectionOf = (simulation: Simulation, rng: Rng, self: () => SimulatedProcess): ApiConnection => {
  return {
    request: request => {
      simulation.noteFolds(self().name, request)
      noteActing(simulation, self(), request)
      noteAct(simulation, self(), request)
      return new Promise((resolve, reject) => exchange(simulation, rng, self(), request, { resolve, reject }))
    },
    watch: (request, stop) => {
      noteActing(simulation, self(), request)
      return watchOver(simulation, rng, self(), request, stop)
    },
  }
}

/** Takes note of a request as somebody else. */
const noteActing = ({ note }: Simulation, { alive, name }: SimulatedProcess, request: ApiRequest): void => {
  const { body = '', method, path, query, user } = request
  if (user === undefined || !alive) return
  const written = method === 'PATCH' ? writtenIn(path, body) : undefined
  const mark = written && (written.mark ?? query?.['fieldManager'])
  note({ what: 'acted', process: name, as: user, ...(mark !== undefined && { mark }) })
}

/** Takes note of a request that rolls the workload out, or makes a Job. */
const noteAct = ({ note }: Simulation, { alive, name }: SimulatedProcess, request: ApiRequest): void => {
  const { body = '', method, path } = request
  if (!alive) return
  if (method === 'PATCH' && path === sitePath) {
    note({ what: 'act sent', process: name, act: body.includes('/image"') ? 'push' : 'restart' })
  }
  if (method === 'POST' && path === jobsPath) {
    const uid = stringAt(parseJson(body), 'metadata', 'labels', hookLabel) ?? ''
    note({ what: 'act sent', process: name, act: 'job', uid })
  }
}

interface Settle {
  readonly resolve: (response: ApiResponse) => void
  readonly reject: (error: Unreachable) => void
}

const exchange = (
  { apiServers, faults, note, server, time }: Simulation,
  rng: Rng,
  self: SimulatedProcess,
  request: ApiRequest,
  settle: Settle,
): void => {
  const asked = `${request.method} ${request.path}${queryOf(request)}`
  const became = (what: string): void => note({ what: 'request', process: self.name, asked, became: what })
  if (!self.alive) return
  if (self.mayCrash()) return became('never left')
  const { lost, refused } = faults()
  const sentAt = time.now
  const isLate = (): boolean => isOfJob(request) && time.now - sentAt > request.timeoutMs
  let settled = false

  const finish = (run: () => void): void => {
    if (settled || self.mayCrash()) return
    settled = true
    cancelTimeout()
    run()
  }
  const fail = (why: string, mayHaveArrived: boolean): void =>
    finish(() => {
      became(why)
      settle.reject(new Unreachable(`${request.method} ${request.path}: ${why}`, mayHaveArrived))
    })
  const cancelTimeout = self.after(request.timeoutMs, () => fail(`no answer within ${request.timeoutMs} ms`, true))
  const back = (run: () => void): void => void self.after(travelMs(rng, faults()), run)
  /** A loss shows as a reset, or only by the time that passes. */
  const loseOrReset = (): void => {
    if (rng.chance(0.7)) back(() => fail('connection reset', true))
  }

  if (rng.chance(refused)) return back(() => fail('connection refused', false))
  if (rng.chance(lost)) loseOrReset()
  else
    time.at(travelMs(rng, faults()) + ponderMs(rng, faults(), request), () => {
      if (isLate()) return became('is not begun: its sender has gone')
      if (!server.up) return rng.chance(0.5) ? back(() => fail('connection refused', false)) : loseOrReset()
      const apiServer = apiServers.pick(rng)
      const by = { process: self.name, sentAt, apiServer }
      const ask = (): ServerResponse =>
        isLate() ? status(504, 'Timeout') : answerOf({ faults, server }, rng, by, request)
      const answer = (response: ServerResponse): void => {
        if (rng.chance(faults().lost)) {
          became(`answer ${response.status} is lost`)
          return loseOrReset()
        }
        back(() =>
          finish(() => {
            became(`${response.status}`)
            noteList({ note }, self.name, request, response)
            settle.resolve(response)
          }),
        )
      }
      if (isConsistentList(request)) apiServer.consistently(ask, answer)
      else apiServer.fromStorage(ask, answer)
    })
  self.mayCrash()
}

/** How long a webhook may take over a write of a count, in milliseconds. */
const maxPonderMs = 400

const ponderMs = (rng: Rng, { pondered }: Faults, { method }: ApiRequest): number =>
  method === 'PATCH' && rng.chance(pondered) ? rng.int(1, maxPonderMs) : 0

/**
 * Whether a request makes or deletes a Job. An API server does not begin what its sender has given up: the connection is closed. What
 * a process does with Jobs is over within a time by that. Other writes do not need it, and may take effect at any time.
 */
const isOfJob = ({ method, path }: ApiRequest): boolean => method !== 'GET' && path.includes('/jobs')

const queryOf = ({ query = {} }: ApiRequest): string =>
  Object.entries(query)
    .map(([name, value], index) => `${index === 0 ? '?' : '&'}${name}=${value}`)
    .join('')

/** A list shows all that was stored before it. */
const noteList = (
  { note }: Pick<Simulation, 'note'>,
  process: string,
  { method, path }: ApiRequest,
  response: ServerResponse,
): void => {
  const of = followedAt(path)
  if (method !== 'GET' || response.status !== 200 || !of) return
  note({ what: 'heard', of, process, version: versionIn(response.body) })
}
