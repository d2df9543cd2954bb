import type { Row } from '../../src/api/row.ts'
import { describe, expect, it } from 'vitest'
import { Ledgers } from '../../src/record/ledgers.ts'
import type { Ledger } from '../../src/record/ledger.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { status, stepServer } from '../support/step-server.ts'

const limits = { rows: 4000, open: 2, page: 8 }

const setUp = () => {
  const clock = fakeClock()
  const server = stepServer({})
  server.hooks.set('web-up', 'h1')
  let started = 0
  const start = () => {
    const requests: string[] = []
    const world = { fault: (_request: string): NetworkFault => 'answered' }
    const api = faultyConnection(clock, server.handle, {
      fault: ({ method, path }) => {
        const request = `${method} ${path
          .split('/')
          .slice(7)
          .join('/')
          .replace(/page-.*/, 'page')}`.trim()
        requests.push(request)
        return world.fault(request)
      },
      latencyMs: () => 1,
      isDead: () => false,
    })
    const environment = testEnvironment({ api, clock, random: seededRandom(++started) })
    const ledger = new Ledgers(environment, limits).of({ namespace: 'shop', name: 'web-up', uid: 'h1' })
    return { environment, ledger, requests, world }
  }
  const soon = async <T>(made: Promise<T>, ms = 50): Promise<T> => {
    await clock.advance(ms)
    return await made
  }
  const add = (ledger: Ledger, ...keys: readonly string[]) =>
    soon(
      ledger.decide(
        (draft, at) => {
          for (const key of keys) draft.add({ state: 'done', key, at, from: 1, to: 2 })
          return { result: 0 }
        },
        { mayContinue: () => true },
      ),
    )
  /** Returns what another process, which knows nothing yet, finds. */
  const keysFound = async (): Promise<readonly string[]> => {
    const { ledger } = start()
    await soon(ledger.decide(() => ({ result: 0 }), { mayContinue: () => true }))
    return (ledger.known()?.memory().rows ?? []).map(({ key }: Row) => key)
  }
  return { add, keysFound, server, start }
}

describe('the pages of a record', () => {
  it('that are refused, such as by a quota, lose nothing, and the log says so once', async () => {
    const { add, keysFound, start } = setUp()
    const { environment, ledger, requests, world } = start()
    await add(ledger, 'first')
    requests.length = 0
    world.fault = request => (request === 'POST' ? { declined: status(403, 'exceeded quota: records') } : 'answered')
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await add(ledger, key)
    expect(requests.filter(request => request === 'POST').length).toBeGreaterThan(1)
    expect(environment.lines.filter(line => line.includes('exceeded quota: records'))).toHaveLength(1)
    expect([...(await keysFound())].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'first'])
  })

  it('are stored before the record lists them, and joined pages are deleted after it', async () => {
    const { add, keysFound, server, start } = setUp()
    const { ledger, requests } = start()
    await add(ledger, 'a', 'b')
    requests.length = 0
    await add(ledger, 'c', 'd')
    expect(requests).toEqual(['POST', 'PUT web-up'])
    requests.length = 0
    await add(ledger, 'e')
    expect(requests).toEqual(['POST', 'PUT web-up', 'DELETE page'])
    expect(server.pages()).toEqual(server.memory('web-up')?.pages)
    expect(await keysFound()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('that may not be deleted stay, and the log says so', async () => {
    const { add, start } = setUp()
    const { environment, ledger, world } = start()
    const forbidden = { status: 403, headers: {}, body: '{"kind":"Status","message":"cannot delete"}' }
    world.fault = request => (request.startsWith('DELETE') ? { saysInstead: forbidden } : 'answered')
    await add(ledger, 'a', 'b')
    await add(ledger, 'c', 'd')
    await add(ledger, 'e')
    expect(environment.lines.join()).toMatch(/cannot delete.*a page of a record stays until its hook is deleted/)
  })

  it('are none where one cannot be stored: the rows stay open', async () => {
    const { add, keysFound, server, start } = setUp()
    const { ledger, world } = start()
    world.fault = request => (request === 'POST' && server.record('web-up') ? 'never arrives' : 'answered')
    for (const key of ['a', 'b', 'c', 'd']) await add(ledger, key)
    expect(server.pages()).toEqual([])
    expect(await keysFound()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('are deleted where another process came first, and what is listed is not', async () => {
    const { add, keysFound, server, start } = setUp()
    const [first, second] = [start(), start()]
    await add(first.ledger, 'a')
    await add(second.ledger, 'b', 'c')
    // Its version is older than the second's, so that its page is listed by nobody.
    await add(first.ledger, 'd')
    await add(first.ledger, 'e')
    expect(first.requests.filter(request => request === 'DELETE page').length).toBeLessThanOrEqual(1)
    expect((await keysFound()).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(server.pages()).toHaveLength(server.memory('web-up')?.pages?.length ?? 0)
  })

  it('that somebody has deleted are forgotten, and the log says so', async () => {
    const { add, server, start } = setUp()
    const { ledger } = start()
    for (const key of ['a', 'b', 'c']) await add(ledger, key)
    for (const name of server.pages()) server.removeRecord(name)
    const other = start()
    await add(other.ledger, 'd')
    expect(other.environment.lines.join()).toContain('a page of the record is lost')
    expect(other.ledger.known()?.get('d')).toBeDefined()
  })
})
