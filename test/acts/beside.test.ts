import { describe, expect, it } from 'vitest'
import type { Acts, ActOptions, Work, Worked } from '../../src/acts/acts.ts'
import { actService } from '../../src/acts/once.ts'
import { stringAt, parseJson } from '../../src/api/json.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { openLedgers } from '../../src/record/ledgers.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

const namespace = 'shop'

/** Returns some processes, with a record of one hook in an API server. */
const processes = (count: number) => {
  const clock = fakeClock()
  const server = createApiServer({ clock, random: seededRandom(1) })
  const handle = ({ body, contentType = 'application/json', method, path, query = {} }: Partial<ApiRequest>) =>
    server.handle({
      method: method ?? 'GET',
      path: path ?? '',
      query,
      contentType,
      ...(body !== undefined && { body }),
    })
  const create = (path: string, object: object): unknown =>
    parseJson(handle({ method: 'POST', path, body: JSON.stringify(object) }).body)
  for (const crd of crds) create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  create('/api/v1/namespaces', { metadata: { name: namespace } })
  const hook = create(`/apis/receiverhooks.dev/v1alpha1/namespaces/${namespace}/receiverhooks`, {
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'push' },
    spec: { driver: 'redeploy', redeploy: { selector: {} } },
  })
  const uid = stringAt(hook, 'metadata', 'uid') ?? ''
  const api: ApiConnection = {
    request: request => Promise.resolve(handle(request)),
    watch: () => {
      throw new Error('nobody watches here')
    },
  }
  const stop = new AbortController()
  const actsOf = Array.from({ length: count }, (_, number) => {
    const environment = testEnvironment({ api, clock, random: seededRandom(number + 2) })
    const ledgers = openLedgers(environment)
    void ledgers.run(stop.signal)
    const service = actService(environment)
    return (name: string): Acts =>
      service.of(
        contextOf({
          hook: { namespace, name: 'push', uid },
          delivery: { phase: 'none', identity: { key: name } },
          deadline: clock.monotonic() + 30_000,
          ledger: () => ledgers.of({ namespace, name: 'push', uid }),
        }),
      )
  })
  return { clock, actsOf, end: () => stop.abort() }
}

const done: Worked = {
  worked: 'done',
  outcome: { outcome: 'applied', reason: 'RolledOut', summary: 'rolled out Deployment/web', changes: [] },
}

/** Returns two acts, each of them by another process, the first of which works until it is let go. */
const two = async (names: readonly [string, string], how: ActOptions) => {
  const { actsOf, clock, end } = processes(2)
  const began: { readonly id: string; readonly process: number }[] = []
  const { promise: held, resolve: letGo } = Promise.withResolvers<Worked>()
  const outcomes: (Outcome | undefined)[] = [undefined, undefined]
  const begin = (process: 0 | 1, work: () => Promise<Worked>): void => {
    const noted: Work = act => {
      began.push({ id: act.id, process })
      return work()
    }
    void actsOf[process]?.(names[process])
      .once(noted, how)
      .then(outcome => (outcomes[process] = outcome))
  }
  begin(0, () => held)
  await clock.advance(200)
  begin(1, () => Promise.resolve(done))
  return {
    began,
    outcomes,
    clock,
    end,
    letGo: () => letGo(done),
    processesOf: () => began.map(({ process }) => process),
  }
}

describe('an act that must be alone among those of its hook', () => {
  it('begins when the other is done', async () => {
    const { clock, end, letGo, processesOf } = await two(['one', 'another'], { serial: true })
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    letGo()
    await clock.advance(5000)
    expect(processesOf()).toEqual([0, 1])
    end()
  })

  it('begins when whoever began the other has been silent for ten seconds', async () => {
    const { clock, end, processesOf } = await two(['one', 'another'], { serial: true })
    await clock.advance(9000)
    expect(processesOf()).toEqual([0])
    await clock.advance(2500)
    expect(processesOf()).toEqual([0, 1])
    end()
  })

  it('waits for nobody where it need not be alone', async () => {
    const { clock, end, processesOf } = await two(['one', 'another'], {})
    await clock.advance(100)
    expect(processesOf()).toEqual([0, 1])
    end()
  })
})

describe('a copy of an act', () => {
  it('does the same act at once, under the same name', async () => {
    const { began, clock, end } = await two(['one', 'one'], {})
    await clock.advance(100)
    expect(began.map(({ process }) => process)).toEqual([0, 1])
    expect(new Set(began.map(({ id }) => id)).size).toBe(1)
    end()
  })

  it('waits for the first where one alone may work, and is told what the first has done', async () => {
    const { clock, end, letGo, outcomes, processesOf } = await two(['one', 'one'], { alone: true })
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    letGo()
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    expect(outcomes[1]).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    end()
  })

  it('where one alone may work does what is left at once in the process that left it, and waits in another', async () => {
    const { actsOf, clock, end } = processes(2)
    const began: string[] = []
    const attempt = (process: 0 | 1, worked: Worked): void => {
      const work: Work = ({ id }) => {
        began.push(`${process} ${id}`)
        return Promise.resolve(worked)
      }
      void actsOf[process]?.('one').once(work, { alone: true })
    }
    const message = 'the Service answered 500'
    const left: Worked = {
      worked: 'unfinished',
      outcome: { outcome: 'unavailable', reason: 'ServiceUnavailable', message },
    }
    attempt(0, left)
    await clock.advance(1000)
    attempt(1, done)
    await clock.advance(1000)
    expect(began).toHaveLength(1)
    attempt(0, done)
    await clock.advance(1000)
    expect(began).toEqual([began[0], began[0]])
    await clock.advance(20_000)
    expect(began).toHaveLength(2)
    end()
  })

  it('does what is left, under the same name, when the first has been silent for ten seconds', async () => {
    const { began, clock, end, processesOf } = await two(['one', 'one'], { alone: true })
    await clock.advance(12_000)
    expect(processesOf()).toEqual([0, 1])
    expect(new Set(began.map(({ id }) => id)).size).toBe(1)
    end()
  })
})
