import { expect, onTestFinished, test } from 'vitest'
import { at, isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { elect, type Term } from '../../src/kube/election.ts'
import type { SeeingLease } from '../../src/kube/lease-history.ts'
import { fakeClock, settle, type FakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { answer } from '../support/scripted-connection.ts'

/** Returns an API server that knows one Lease, and counts what is written to it. */
const leaseApi = () => {
  let version = 0
  let lease: JsonObject | undefined
  const store = (body: unknown): ApiResponse => {
    if (!isObject(body)) throw new Error('expected a Lease')
    version++
    const name = 'controller'
    lease = { ...body, metadata: { name, namespace: 'system', uid: 'u', resourceVersion: String(version) } }
    return answer(200, lease)
  }
  const handle = ({ method, body = '' }: ApiRequest): ApiResponse => {
    if (method === 'POST')
      return lease === undefined ? store(parseJson(body)) : answer(409, { reason: 'AlreadyExists' })
    if (lease === undefined) return answer(404, { reason: 'NotFound' })
    if (method === 'GET') return answer(200, lease)
    const given = stringAt(parseJson(body), 'metadata', 'resourceVersion')
    return given === String(version) ? store(parseJson(body)) : answer(409, { reason: 'Conflict' })
  }
  return {
    handle,
    spec: (name: string): unknown => at(lease, 'spec', name),
    version: () => version,
    /** Sets the Lease back to what it was at a lower version. */
    restore: (to: number): void => {
      version = to
      lease = { ...lease, metadata: { name: 'controller', namespace: 'system', uid: 'u', resourceVersion: String(to) } }
    },
    delete: () => void (lease = undefined),
  }
}

type LeaseApi = ReturnType<typeof leaseApi>

interface Elector {
  readonly terms: Term[]
  readonly stop: AbortController
  readonly done: Promise<void>
  /** How the process is: dead ones get no answers any more, and cut ones are refused. */
  state: 'alive' | 'dead' | 'cut' | 'deaf'
  /** How long `lead` continues after its signal is aborted. */
  lingerMs: number
  readonly log: string[]
}

const elector = (
  clock: FakeClock,
  api: LeaseApi,
  identity: string,
  seed: number,
  seeing: SeeingLease = () => () => true,
): Elector => {
  const request = async (request: ApiRequest): Promise<ApiResponse> => {
    expect([request.lane, request.timeoutMs]).toEqual(['lease', 5_000])
    await Promise.resolve()
    if (process.state === 'dead') return new Promise<never>(() => {})
    if (process.state === 'cut') throw new Unreachable('refused', false)
    const answered = api.handle(request)
    if (process.state === 'deaf') throw new Unreachable('the answer was lost', true)
    return answered
  }
  const connection: ApiConnection = {
    request,
    watch: () => {
      throw new Error('not watched')
    },
  }
  const environment = testEnvironment({ clock, api: connection, random: seededRandom(seed) })
  const stop = new AbortController()
  const terms: Term[] = []
  const lead = async (term: Term): Promise<void> => {
    terms.push(term)
    await new Promise<void>(resolve => term.stop.addEventListener('abort', () => resolve()))
    if (process.lingerMs > 0) await new Promise<void>(resolve => clock.after(process.lingerMs, resolve))
  }
  const process: Elector = {
    terms,
    stop,
    done: elect(environment, { namespace: 'system', name: 'controller', identity, seeing }, lead, stop.signal),
    state: 'alive',
    lingerMs: 0,
    log: environment.lines,
  }
  onTestFinished(() => stop.abort())
  return process
}

const leads = ({ terms }: Elector): boolean => terms.at(-1)?.holds() === true

test('the first of three leads, the others wait, and it renews for as long as it runs', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const all = ['a', 'b', 'c'].map((identity, index) => elector(clock, api, identity, index))
  await clock.advance(60_000)
  expect(all.map(leads)).toEqual([true, false, false])
  expect(all.map(({ terms }) => terms.length)).toEqual([1, 0, 0])
  expect(api.spec('holderIdentity')).toBe('a')
  expect(api.spec('leaseDurationSeconds')).toBe(15)
  expect(api.spec('leaseTransitions')).toBe(0)
  expect(api.spec('acquireTime')).toBe('2026-01-01T00:00:00.000000Z')
  expect(api.spec('renewTime')).toMatch(/^2026-01-01T00:01:00\.000000Z|2026-01-01T00:00:5\d\.\d{3}000Z$/)
})

test('a leader that crashes is followed by another after 15 s, and not before', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  await clock.advance(10_000)
  const others = [elector(clock, api, 'b', 2), elector(clock, api, 'c', 3)]
  await clock.advance(5_000)
  first.state = 'dead'
  await clock.advance(12_900)
  expect(others.map(leads)).toEqual([false, false])
  await clock.advance(8_000)
  expect(others.filter(leads)).toHaveLength(1)
  expect(api.spec('leaseTransitions')).toBe(1)
})

test('a leader does not write over a Lease that was restored, so that the other processes notice', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  let highest = 0
  const seeing: SeeingLease = () => lease => {
    const version = Number(lease.metadata.resourceVersion)
    const isInOrder = version >= highest
    highest = Math.max(highest, version)
    return isInOrder
  }
  const leader = elector(clock, api, 'a', 1, seeing)
  await clock.advance(20_000)
  expect([leads(leader), highest]).toEqual([true, api.version()])
  api.restore(3)
  await clock.advance(14_000)
  expect([leads(leader), api.version()]).toEqual([false, 3])
  expect(leader.log.join('\n')).toContain(
    'etcd was restored from a snapshot, so this process leaves the lease as it is',
  )
})

test('a leader that stops gives the lease up, and the next one has it at its next look', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  await settle()
  const second = elector(clock, api, 'b', 2)
  await clock.advance(5_000)
  first.stop.abort()
  await first.done
  expect(api.spec('holderIdentity')).toBe('')
  expect(api.spec('leaseDurationSeconds')).toBe(1)
  await clock.advance(4_400)
  expect(leads(second)).toBe(true)
  expect(api.spec('leaseDurationSeconds')).toBe(15)
})

test('the lease is given up only when `lead` has ended, and renewed until then', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  first.lingerMs = 40_000
  await settle()
  const second = elector(clock, api, 'b', 2)
  await clock.advance(5_000)
  first.stop.abort()
  await clock.advance(39_000)
  expect([first.terms[0]?.stop.aborted, leads(first), leads(second)]).toEqual([true, true, false])
  await clock.advance(6_000)
  expect([leads(first), leads(second)]).toEqual([false, true])
})

test('a leader that is cut off stops 5 s before another can lead, and never leads together with it', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  await settle()
  const second = elector(clock, api, 'b', 2)
  await clock.advance(6_100)
  first.state = 'cut'
  let lostAt = Infinity
  let takenAt = Infinity
  for (let ms = 0; ms < 30_000; ms += 100) {
    await clock.advance(100)
    expect(leads(first) && leads(second)).toBe(false)
    if (!leads(first)) lostAt = Math.min(lostAt, clock.monotonic())
    if (leads(second)) takenAt = Math.min(takenAt, clock.monotonic())
  }
  expect(first.terms[0]?.stop.aborted).toBe(true)
  expect(lostAt).toBeLessThanOrEqual(6_100 + 10_000)
  expect(takenAt - lostAt).toBeGreaterThanOrEqual(4_900)

  first.state = 'alive'
  second.stop.abort()
  await clock.advance(10_000)
  expect([leads(first), first.terms.length]).toEqual([true, 2])
})

test('a stalled leader knows that it no longer leads before another does, though none of its timers ran', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  let stalled = false
  const late: (() => void)[] = []
  const stalling = {
    ...clock,
    after: (ms: number, run: () => void) => clock.after(ms, () => (stalled ? void late.push(run) : run())),
  }
  const first = elector(stalling, api, 'a', 1)
  await settle()
  const second = elector(clock, api, 'b', 2)
  await clock.advance(5_000)
  stalled = true
  while (!leads(second)) {
    await clock.advance(100)
    expect(leads(first) && leads(second)).toBe(false)
  }
  expect(first.terms[0]?.stop.aborted).toBe(false)
  stalled = false
  for (const run of late) run()
  await settle()
  expect(first.terms[0]?.stop.aborted).toBe(true)
  await clock.advance(30_000)
  expect([leads(first), leads(second), first.terms.length]).toEqual([false, true, 1])
})

test('clocks that disagree by hours change nothing: expiry is judged by what was seen to change', async () => {
  const api = leaseApi()
  const clock = fakeClock()
  const first = elector(clock, api, 'a', 1)
  await settle()
  clock.jump(5 * 3_600_000)
  const second = elector(clock, api, 'b', 2)
  await clock.advance(60_000)
  clock.jump(-20 * 3_600_000)
  await clock.advance(60_000)
  expect([leads(first), leads(second), second.terms.length]).toEqual([true, false, 0])
})

test('a renewal whose answer was lost is no reason to stop', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  await clock.advance(1_000)
  first.state = 'deaf'
  await clock.advance(4_000)
  first.state = 'alive'
  await clock.advance(60_000)
  expect([leads(first), first.terms.length]).toEqual([true, 1])
})

test('a leader whose lease somebody else took stops at its next renewal', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const first = elector(clock, api, 'a', 1)
  await clock.advance(1_000)
  api.delete()
  const second = elector(clock, api, 'b', 2)
  await settle()
  expect(leads(second)).toBe(true)
  await clock.advance(2_000)
  expect([leads(first), first.terms[0]?.stop.aborted]).toEqual([false, true])
  await clock.advance(30_000)
  expect([leads(first), leads(second)]).toEqual([false, true])
})

test('a `lead` that throws is logged, and the lease is given up', async () => {
  const [clock, api] = [fakeClock(), leaseApi()]
  const environment = testEnvironment({
    clock,
    api: {
      request: request => Promise.resolve(api.handle(request)),
      watch: () => {
        throw new Error('not watched')
      },
    },
  })
  const stop = new AbortController()
  let terms = 0
  const options = { namespace: 'system', name: 'controller', identity: 'a' }
  const lead = (): Promise<void> => (terms++ === 0 ? Promise.reject(new Error('bad luck')) : Promise.resolve())
  const done = elect(environment, options, lead, stop.signal)
  await settle()
  expect(environment.lines.join()).toContain('bad luck')
  expect(api.spec('holderIdentity')).toBe('')
  expect(await environment.metrics.text()).toContain('leader_election_master_status{name="controller"} 0')
  await clock.advance(10_000)
  expect(terms).toBeGreaterThan(1)
  stop.abort()
  await done
})
