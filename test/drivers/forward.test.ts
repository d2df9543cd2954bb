import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Acts, Worked } from '../../src/acts/acts.ts'
import { at } from '../../src/api/json.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { forward } from '../../src/drivers/forward/forward.ts'
import { neverPasses, type Forward } from '../../src/drivers/forward/schema.ts'
import type { Execution } from '../../src/drivers/driver.ts'
import type { ApiConnection, Clock, Outbound } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { StepService } from '../../src/steps/service.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { noDefinitions, testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'
import { network, serviceServer, type Answering } from '../support/service-server.ts'

const ip = '10.96.0.7'

const serviceOf = (spec: object = {}, status: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'jenkins', namespace: 'shop', uid: 'u', resourceVersion: '1' },
  spec: {
    type: 'ClusterIP',
    selector: { app: 'jenkins' },
    clusterIP: ip,
    ports: [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
    ...spec,
  },
  status,
})

const member: Forward = { service: { name: 'jenkins', port: 'http' }, path: '/hook/', query: false, timeout: '3s' }

interface Trial {
  readonly clock?: Clock
  readonly outbound: Outbound
  readonly service?: object | undefined
  readonly api?: ApiConnection
  readonly member?: Partial<Forward>
  readonly post?: Partial<Execution['post']>
  /** False for a post without an idempotency key. */
  readonly isNamed?: boolean
  /** True if the act was begun before. */
  readonly isResumed?: boolean
  /** What the work is answered when it asks whether it may continue, one after another. */
  readonly mayContinue?: readonly boolean[]
}

/** Runs the driver for one delivery, whose act has the id `act-1`. */
const pass = async (trial: Trial): Promise<Outcome> => (await work(trial)).outcome

const work = async ({ api, clock = nodeClock, post, service = serviceOf(), ...trial }: Trial): Promise<Worked> => {
  let asked = 0
  let worked: Worked | undefined
  const { isNamed = true, isResumed = false } = trial
  const acts: Acts = {
    once: async doWork => {
      worked = await doWork(
        { id: 'act-1', at: 0, isResumed },
        () => Promise.resolve(trial.mayContinue?.[asked++] ?? true),
        () => {},
      )
      return worked.outcome
    },
    settle: () => Promise.resolve(true),
  }
  const execution: Execution = {
    hook: { namespace: 'shop', name: 'to-jenkins', uid: 'h' },
    api: api ?? scriptedConnection(() => answer(200, service)),
    acts,
    outbound: trial.outbound,
    clock,
    countKept: () => true,
    charge: () => {
      throw new Error('it stores nothing')
    },
    definitions: noDefinitions,
    post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams(), ...post },
    step: new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
    stepOfPart: () => new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
  }
  const delivery = { phase: 'none', sender: 'plain', ...(isNamed && { identity: { key: 'k' } }) } as const
  const outcome = await forward.execute({ ...member, ...trial.member })(delivery, execution)
  expect(worked?.outcome).toBe(outcome)
  return worked ?? { worked: 'failed', outcome }
}

/** Starts a Service that answers so, and the network to it. */
const reached = async (answering: Answering) => {
  const { heard, port } = await serviceServer(answering)
  return { heard, port, ...network(new Map([[`${ip}:8080`, port]])) }
}

const ok: Answering = response => void response.end('thanks')

const brief = (outcome: Outcome): string =>
  `${outcome.outcome} ${'reason' in outcome ? outcome.reason : ''}: ${'message' in outcome ? outcome.message : ''}`

describe('a post that is passed on', () => {
  it('arrives byte for byte, with its content type, the chosen headers, and who passes it on', async () => {
    const { dialled, heard, outbound } = await reached(ok)
    const body = Buffer.from([0x7b, 0x0a, 0x00, 0xff, 0x7d])
    const headers = {
      'content-type': 'text/plain; charset=x',
      'x-github-event': 'push',
      'x-other': 'not chosen',
      host: 'hooks.example.com',
      'idempotency-key': 'of the sender',
    }
    const outcome = await pass({ outbound, member: { headers: ['X-GitHub-Event'] }, post: { body, headers } })
    expect(outcome).toEqual({
      outcome: 'applied',
      reason: 'Forwarded',
      summary: 'passed the post on to Service/jenkins',
      changes: [{ object: 'Service/jenkins', part: 'port http', to: '200' }],
    })
    expect(dialled).toEqual([`${ip}:8080`])
    expect(heard).toEqual([
      {
        url: '/hook/',
        body: body.toString('latin1'),
        headers: {
          connection: 'close',
          'content-length': '5',
          'content-type': 'text/plain; charset=x',
          host: 'jenkins.shop.svc',
          'idempotency-key': 'act-1',
          'receiver-hook': 'shop/to-jenkins',
          'receiver-hook-hops': '1',
          'user-agent': 'receiver-hooks',
          'x-github-event': 'push',
        },
      },
    ])
  })

  it.each([
    [false, 'a=1&dryRun=false', '/hook/'],
    [true, 'a=1&b=%2F%26&dryRun=false&wait=5s&a=2', '/hook/?a=1&b=%2F%26&a=2'],
    [true, 'dryRun=false', '/hook/'],
  ])('has its query where the hook says so: %s, %s', async (query, sent, url) => {
    const { heard, outbound } = await reached(ok)
    await pass({ outbound, member: { query }, post: { query: new URLSearchParams(sent) } })
    expect(heard.map(request => request.url)).toEqual([url])
  })

  it.each([
    ...['authorization', 'proxy-authorization', 'proxy-connection', 'cookie', 'cookie2', 'set-cookie', 'host'],
    ...['content-length', 'content-encoding', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer'],
    ...['upgrade', 'expect', 'forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'],
    ...['idempotency-key', 'receiver-hook', 'receiver-hook-hops'],
  ])('has no header %s, even where a hook of before the rule names it', async name => {
    expect(neverPasses(name)).toBe(true)
    const { heard, outbound } = await reached(ok)
    const headers = { [name]: name.endsWith('hops') ? '0' : 'of-the-sender', 'x-fine': 'yes' }
    const outcome = await pass({
      outbound,
      member: { headers: [name, name.toUpperCase(), 'x-fine'] },
      post: { headers },
    })
    expect(outcome).toMatchObject({ reason: 'Forwarded' })
    expect(JSON.stringify(heard)).not.toContain('of-the-sender')
    expect(heard).toMatchObject([{ headers: { host: 'jenkins.shop.svc', 'receiver-hook-hops': '1', 'x-fine': 'yes' } }])
  })

  it.each(['x-github-event', 'webhook-id', 'user-agent', 'contents', 'x-hosted', 'tenant', 'traceparent'])(
    'may have the header %s',
    name => {
      expect(neverPasses(name)).toBe(false)
    },
  )

  it.each([
    [undefined, '1'],
    ['0', '1'],
    ['3', '4'],
  ])('counts the hooks that pass it on: %s, then %s', async (hops, then) => {
    const { heard, outbound } = await reached(ok)
    await pass({ outbound, post: { headers: hops === undefined ? {} : { 'receiver-hook-hops': hops } } })
    expect(heard).toMatchObject([{ headers: { 'receiver-hook-hops': then } }])
  })

  it.each(['4', '9', '10', '-1', '1, 1', '0x1', '', ' '])(
    'goes no further after too many hooks, or where nobody can say how many: %j',
    async hops => {
      const { dialled, outbound } = await reached(ok)
      const outcome = await pass({ outbound, post: { headers: { 'receiver-hook-hops': hops } } })
      expect(brief(outcome)).toMatch(/^failed TooManyHops: /)
      expect(dialled).toEqual([])
    },
  )
})

/** Addresses that are no Service's: of this host and link, of groups, and what is no address. */
const impossible = [
  ...['169.254.169.254', '127.0.0.1', '127.8.9.1', '0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255'],
  ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fd00::1%lo', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.96.0.7'],
  ...['::ffff:a9fe:a9fe', '::7f00:1', '64:ff9b::a9fe:a9fe'],
  ...['', 'None', 'localhost', 'metadata.google.internal', '10.96.0', '010.96.0.7', '10.96.0.7:80', '10.96.0.7/x'],
]

/** Where a Service can name other addresses than its own: of a node, the API server, a cloud's metadata. */
const others = ['192.0.2.10', '10.0.0.1', '169.254.169.254', '127.0.0.1', '::1']

describe('an address', () => {
  it.each(impossible)('is never dialled where it is no Service could have: %j', async clusterIP => {
    const { dialled, outbound } = await reached(ok)
    const outcome = await pass({ outbound, service: serviceOf({ clusterIP }) })
    expect(brief(outcome)).toMatch(/^failed ServiceRefused: Service\/jenkins (is headless|has no cluster IP)/)
    expect(dialled).toEqual([])
  })

  it.each(others)('%s is never dialled where a Service has it in another place than its cluster IP', async other => {
    const { dialled, outbound } = await reached(ok)
    const service = serviceOf(
      { type: 'LoadBalancer', externalIPs: [other], loadBalancerIP: other, externalName: other, clusterIPs: [other] },
      { loadBalancer: { ingress: [{ ip: other, hostname: other }] } },
    )
    expect(await pass({ outbound, service })).toMatchObject({ reason: 'Forwarded' })
    expect(dialled).toEqual([`${ip}:8080`])
  })

  it('of IPv6 is dialled like any other', async () => {
    const { dialled, outbound } = network(new Map())
    await pass({ outbound, clock: fakeClock(), service: serviceOf({ clusterIP: 'fd00:10:96::7' }) })
    expect(dialled).toEqual(['[fd00:10:96::7]:8080'])
  })

  it('is that of the read just before: a further try reads again, and dials what that read says', async () => {
    const { heard, port } = await serviceServer(
      (response, count) => void response.writeHead(count === 0 ? 500 : 200).end(),
    )
    const { dialled, outbound } = network(new Map(['10.96.0.7:8080', '10.96.0.8:8080'].map(host => [host, port])))
    const api = scriptedConnection((_request, count) =>
      answer(200, serviceOf({ clusterIP: count === 0 ? '10.96.0.7' : '10.96.0.8' })),
    )
    expect(await pass({ outbound, api, member: { timeout: '100ms' } })).toMatchObject({ reason: 'Forwarded' })
    expect(dialled).toEqual(['10.96.0.7:8080', '10.96.0.8:8080'])
    expect(heard.map(({ headers }) => headers['idempotency-key'])).toEqual(['act-1', 'act-1'])
    expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v1/namespaces/shop/services/jenkins',
      'GET /api/v1/namespaces/shop/services/jenkins',
    ])
  })
})

describe('a Service', () => {
  it.each<[string, object, string]>([
    ['that is an ExternalName', { type: 'ExternalName', externalName: 'x.example' }, "name the pods' Service"],
    ['that is headless', { clusterIP: 'None' }, 'name a Service for these pods that has a cluster IP'],
    ['with no selector', { selector: undefined }, 'give it a selector for the pods'],
    ['with an empty selector', { selector: {} }, 'give it a selector for the pods'],
    ['with no cluster IP', { clusterIP: undefined }, 'let the API server assign one'],
    ['without the port', { ports: [{ name: 'web', port: 80 }, { port: 81 }] }, 'it has web (80), 81'],
    ['whose port is of UDP', { ports: [{ name: 'http', port: 8080, protocol: 'UDP' }] }, 'it has none'],
    ['without ports', { ports: undefined }, 'it has none'],
  ])('%s is refused, with what to do, and the hook is not Ready', async (_what, spec, todo) => {
    const { dialled, outbound } = await reached(ok)
    const service = serviceOf(spec)
    expect(brief(await pass({ outbound, service }))).toMatch(/^failed ServiceRefused: Service\/jenkins /)
    expect(brief(await pass({ outbound, service }))).toContain(todo)
    expect(dialled).toEqual([])
    const problem = await forward.validate(member, {
      namespace: 'shop',
      get: () => Promise.resolve(undefined),
      getWhole: () => Promise.resolve(JSON.parse(JSON.stringify(service))),
      autoscalerOf: () => Promise.resolve(undefined),
      definitions: noDefinitions,
    })
    expect(problem).toMatchObject({ reason: 'ServiceRefused', lasts: 'stalled' })
  })

  it('that is not there is TargetNotFound, and the hook is Ready once it is', async () => {
    const { outbound } = await reached(ok)
    const missing = answer(404, { kind: 'Status', reason: 'NotFound', details: { name: 'jenkins' } })
    expect(brief(await pass({ outbound, api: scriptedConnection(() => missing) }))).toBe(
      'failed TargetNotFound: there is no Service/jenkins in namespace shop',
    )
    const context = {
      namespace: 'shop',
      get: () => Promise.resolve(undefined),
      autoscalerOf: () => Promise.resolve(undefined),
      definitions: noDefinitions,
    }
    const validate = (found: object | undefined) =>
      forward.validate(member, {
        ...context,
        getWhole: () => Promise.resolve(found && JSON.parse(JSON.stringify(found))),
      })
    expect(await validate(undefined)).toMatchObject({ reason: 'TargetNotFound', lasts: 'reconciling' })
    expect(await validate(serviceOf())).toBeUndefined()
  })

  it('is reached by the number of its port, too', async () => {
    const { dialled, outbound } = await reached(ok)
    await pass({ outbound, member: { service: { name: 'jenkins', port: 8080 } } })
    expect(dialled).toEqual([`${ip}:8080`])
  })

  it.each([
    [403, 'failed Forbidden'],
    [500, 'unavailable ApiUnreachable'],
  ])('that the API server does not show (%i) gets nothing', async (status, said) => {
    const { dialled, outbound } = await reached(ok)
    const api = scriptedConnection(() => answer(status, { kind: 'Status', message: 'no' }))
    expect(brief(await pass({ outbound, api }))).toContain(said)
    expect(dialled).toEqual([])
  })
})

const megabyte = Buffer.alloc(1024 * 1024, 'x')

const passed = 'applied Forwarded: '
const refused = 'failed ServiceAnswered: Service/jenkins answered'
const failed = 'unavailable ServiceUnavailable: Service/jenkins answered'
const silent = "unavailable ServiceUnavailable: can't reach Service/jenkins, or it didn't answer completely"

/** Answers of a Service, and what the hook makes of them. */
const answers: readonly (readonly [what: string, answering: Answering, said: string])[] = [
  ['201', response => void response.writeHead(201).end(), passed],
  ['204', response => void response.writeHead(204).end(), passed],
  ['a huge answer that never ends', response => void response.write(megabyte), passed],
  ['304', response => void response.writeHead(304).end(), `${refused} 304, and redirects aren't followed`],
  ['400', response => void response.writeHead(400).end('secret'), `${refused} 400`],
  ['404', response => void response.writeHead(404).end('secret'), `${refused} 404`],
  ['408', response => void response.writeHead(408).end(), `${failed} 408`],
  ['409', response => void response.writeHead(409).end(), `${failed} 409`],
  ['425', response => void response.writeHead(425).end(), `${failed} 425`],
  ['429', response => void response.writeHead(429).end(), `${failed} 429`],
  ['500', response => void response.writeHead(500).end('secret'), `${failed} 500`],
  ['a huge 503', response => void response.writeHead(503).write(megabyte), `${failed} 503`],
  ['nothing', () => undefined, silent],
  ['drops of an answer', response => drip(response), silent],
  ['a head alone', response => response.writeHead(200).flushHeaders(), silent],
  ['the end of the connection', response => void response.socket?.destroy(), silent],
  ['no HTTP', response => void response.socket?.end('220 smtp\r\n'), silent],
  ['a huge head', response => void response.writeHead(200, { big: 'x'.repeat(100_000) }).end(), silent],
]

/** Writes a byte of an answer at a time, for ever. */
const drip = (response: ServerResponse): void => {
  const next = (): void => void (response.destroyed || response.write('.', () => nodeClock.after(10, next)))
  next()
}

describe('a Service that answers', () => {
  it.each(answers)('%s is reported by its status alone', async (_what, answering, said) => {
    const { dialled, heard, outbound } = await reached(answering)
    // An answer has all the time, and one that never comes has little.
    const timeout = said === silent ? '300ms' : '3s'
    const outcome = await pass({ outbound, member: { timeout }, mayContinue: [true, false] })
    expect(brief(outcome).slice(0, said.length)).toBe(said)
    expect(JSON.stringify(outcome)).not.toMatch(/secret|10\.96|127\.0/)
    expect(new Set(dialled)).toEqual(new Set([`${ip}:8080`]))
    expect(new Set(heard.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['act-1']))
    expect(dialled).toHaveLength(1)
  })

  it('is not said to have got nothing if only the second try was not sent', async () => {
    let sent = 0
    const outbound: Outbound = () => {
      sent += 1
      return Promise.reject(new Unreachable('there was no answer', true))
    }
    const outcome = await pass({ outbound, mayContinue: [true, true, false] })
    expect(sent).toBe(1)
    expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'ServiceUnavailable' })
    expect(JSON.stringify(outcome)).not.toContain('nothing was sent')
  })

  it('with a redirect is not followed, wherever that leads', async () => {
    const elsewhere = await serviceServer(ok)
    const location = `http://127.0.0.1:${elsewhere.port}/`
    for (const status of [301, 302, 303, 307, 308]) {
      const { dialled, outbound } = await reached(response => void response.writeHead(status, { location }).end())
      expect(brief(await pass({ outbound }))).toBe(
        `failed ServiceAnswered: Service/jenkins answered ${status}, and redirects aren't followed: correct the path`,
      )
      expect(dialled).toEqual([`${ip}:8080`])
    }
    expect(elsewhere.heard).toEqual([])
  })
})

describe('what the Service gets again has the same key', () => {
  const answering = (statuses: readonly number[]): Outbound => {
    let tries = 0
    return () => {
      const status = statuses[tries++] ?? statuses.at(-1) ?? 0
      if (status === 0) return Promise.reject(new Unreachable('there was no answer', true))
      return Promise.resolve({ status, headers: {}, body: '' })
    }
  }
  const short = { timeout: '1s' }

  it.each([[0], [500], [409]])('if it may have taken the first try (%i) and refuses another', async first => {
    const worked = await work({ outbound: answering([first, 404]), member: short })
    expect(worked).toMatchObject({ worked: 'unfinished', outcome: { outcome: 'failed', reason: 'ServiceAnswered' } })
  })

  it('if it may have taken an earlier copy, and refuses this one or is gone', async () => {
    const refuses = await work({ outbound: answering([404]), member: short, isResumed: true })
    expect(refuses).toMatchObject({ worked: 'unfinished', outcome: { outcome: 'failed', reason: 'ServiceAnswered' } })
    const isGone = scriptedConnection(() => answer(404, { kind: 'Status', details: { name: 'web' } }))
    const gone = await work({ outbound: answering([404]), api: isGone, isResumed: true })
    expect(gone).toMatchObject({ worked: 'unfinished', outcome: { outcome: 'failed', reason: 'TargetNotFound' } })
  })

  it('but not if it refused all that it got', async () => {
    expect(await work({ outbound: answering([404]), member: short })).toMatchObject({ worked: 'failed' })
  })

  it('but not for a post without a key of its own, which the answer says', async () => {
    const named = await pass({ outbound: answering([503]), member: short })
    expect(brief(named)).toMatch(/; a retry is passed on with the same idempotency key$/)
    const unnamed = await pass({ outbound: answering([503]), member: short, isNamed: false })
    expect(brief(unnamed)).toMatch(/; a retry is passed on as another delivery, with another idempotency key$/)
  })
})

describe('within the time of a delivery', () => {
  /** Runs the driver in virtual time, on a Service that takes `takesMs` for a status. */
  const timed = async (timeout: string, takesMs: number, statuses: readonly number[]) => {
    const clock = fakeClock()
    const tries: number[] = []
    const outbound: Outbound = () => {
      tries.push(clock.monotonic())
      const status = statuses[tries.length - 1] ?? statuses.at(-1) ?? 0
      return new Promise(resolve => void clock.after(takesMs, () => resolve({ status, headers: {}, body: '' })))
    }
    let ended: string | undefined
    void pass({ clock, outbound, member: { timeout } }).then(outcome => (ended = brief(outcome)))
    await clock.advance(3100)
    return { tries, ended }
  }

  it('a Service that fails is tried again, at growing distances, until it takes the post', async () => {
    const { ended, tries } = await timed('1s', 0, [500, 503, 429, 200])
    expect(ended).toMatch(/^applied Forwarded/)
    expect(tries).toEqual([0, 100, 300, 700])
  })

  it('a Service that always fails has its last try while that can have all its time', async () => {
    const { ended, tries } = await timed('1s', 10, [500])
    expect(ended).toMatch(/^unavailable ServiceUnavailable: Service\/jenkins answered 500; a retry/)
    expect(tries).toEqual([0, 110, 320, 730, 1540])
  })

  it('a Service that cannot be read any more is still said to have got the post perhaps', async () => {
    const clock = fakeClock()
    const reads = [answer(200, serviceOf())]
    const api = scriptedConnection(() => {
      const first = reads.shift()
      if (!first) throw new Unreachable('the API server is away', false)
      return first
    })
    const outbound = () => Promise.reject(new Unreachable('the connection broke', true))
    const passed = pass({ api, clock, outbound, isNamed: false, member: { timeout: '1s' } })
    await clock.advance(5000)
    expect(await passed).toMatchObject({ outcome: 'unavailable', reason: 'ServiceUnavailable' })
  })

  it('a Service that is still working on the first try, as it says, is tried again until it has the answer', async () => {
    const { ended, tries } = await timed('1s', 0, [504, 409, 425, 200])
    expect(ended).toMatch(/^applied Forwarded/)
    expect(tries).toEqual([0, 100, 300, 700])
  })

  it('a Service that needs more than half of the time is tried once', async () => {
    expect((await timed('2s', 2000, [504])).tries).toEqual([0])
    expect((await timed('3s', 10, [500])).tries).toEqual([0])
  })
})

it('the target is its Service, and nothing of a post is in what is said of it', () => {
  expect(forward.target(member)).toBe('Service/jenkins')
  expect(at(forward.object(member), 'name')).toBe('jenkins')
  expect(forward.describe(member)).toBe('pass the post on to port http, path /hook/')
})
