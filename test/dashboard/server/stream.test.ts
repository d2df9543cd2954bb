import { describe, expect, it } from 'vitest'
import { tryParseJson } from '../../../src/api/json.ts'
import type { StreamEvent } from '../../../dashboard/protocol.ts'
import { ofStream } from '../../../dashboard/server/limits.ts'
import { streamHooks, type Out, type StreamOptions } from '../../../dashboard/server/stream.ts'
import { Unreachable, WatchRefused } from '../../../src/environment/unreachable.ts'
import { fakeClock, settle, type FakeClock } from '../../support/clock.ts'
import { testEnvironment } from '../../support/environment.ts'
import { answer, scriptedConnection, type Scripted } from '../../support/scripted-connection.ts'
import { specDefaults } from '../../support/hooks.ts'

const hook = (name: string, version: number, more: object = {}) => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: String(version), generation: 1 },
  spec: {
    driver: 'scale',
    scale: {
      target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      action: 'up',
      by: 1,
      min: 1,
      max: 10,
      overshoot: 'clamp',
    },
    ...specDefaults,
  },
  ...more,
})

const hooksPath = '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks'
const listOf = (...items: readonly object[]) => answer(200, { items, metadata: { resourceVersion: '10' } })

/** Returns a list of many hooks, page by page: 60 pages of 100 kB. */
const manyPages: Scripted = ({ query }) => {
  const page = Number(query?.['continue'] ?? 0)
  const message = 'x'.repeat(5_000)
  const status = { conditions: [{ type: 'Ready', status: 'False', reason: 'TargetNotFound', message }] }
  const items = Array.from({ length: 20 }, (_, index) => hook(`hook-${page}-${index}`, 1, { status }))
  const metadata = { resourceVersion: '10', ...(page < 59 && { continue: String(page + 1) }) }
  return answer(200, { items, metadata })
}

/** Returns the same list, whose version is gone after five parts. */
const forgetful: Scripted = (request, count) =>
  Number(request.query?.['continue'] ?? 0) < 5
    ? manyPages(request, count)
    : answer(410, { reason: 'Expired', message: 'the provided continue parameter is too old' })

/** Makes a line that carries so many bytes in a second. At once: all that is written. */
const lineOf = (clock: FakeClock, bytesPerSecond: number | 'at once') => {
  let emptied = (): void => {}
  const line = {
    waiting: 0,
    most: 0,
    write: (bytes: number): void => {
      if (bytesPerSecond === 'at once') return
      line.waiting += bytes
      line.most = Math.max(line.most, line.waiting)
    },
    drained: async (): Promise<void> => {
      if (line.waiting > 0) await new Promise<void>(resolve => (emptied = resolve))
    },
  }
  const carry = (): void => {
    if (bytesPerSecond === 'at once') return
    line.waiting = Math.max(0, line.waiting - bytesPerSecond / 10)
    if (line.waiting === 0) emptied()
    clock.after(100, carry)
  }
  carry()
  return line
}

/** Opens a stream on hooks that a test answers for; targets are nobody's business unless `targets` answers. */
const open = (
  hooks: Scripted,
  options: Partial<StreamOptions> = {},
  opens?: Parameters<typeof scriptedConnection>[1],
  bytesPerSecond: number | 'at once' = 'at once',
) => {
  const clock = fakeClock()
  const line = lineOf(clock, bytesPerSecond)
  let looks = 0
  const api = scriptedConnection(request => {
    if (request.path !== hooksPath) return answer(403, { message: 'deployments are forbidden' })
    return hooks(request, looks++)
  }, opens)
  const events: StreamEvent[] = []
  const ids: string[] = []
  const session = new AbortController()
  const gone = new AbortController()
  const seen = { comments: 0, ended: false, cut: false, expired: 0 }
  const out: Out = {
    write: text => {
      line.write(text.length)
      if (text === ':\n\n') seen.comments += 1
      const id = /^id: (.*)$/m.exec(text)?.[1]
      if (id !== undefined) ids.push(id)
      const event = tryParseJson(/^data: (.*)$/m.exec(text)?.[1] ?? '')
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the server writes is what is tested
      if (event !== undefined) events.push(event as StreamEvent)
    },
    waiting: () => line.waiting,
    drained: line.drained,
    end: () => void (seen.ended = true),
    cut: () => {
      seen.cut = true
      gone.abort()
    },
    closed: gone.signal,
  }
  const running = streamHooks(
    { ...testEnvironment({ clock }), api },
    {
      namespace: 'shop',
      version: '1.0.0',
      sessionEnded: session.signal,
      onExpired: () => void (seen.expired += 1),
      ...options,
    },
    out,
  )
  const watch = () => {
    const found = api.watches.findLast(({ request }) => request.path === hooksPath)
    if (found === undefined) throw new Error('the hooks are not watched')
    return found
  }
  const words = (): string[] =>
    events.map(event => {
      if (event.type === 'rows') return `rows ${event.rows.map(row => row.name).join(' ')}`
      if (event.type === 'gone') return `gone ${event.keys.join(' ')}`
      return event.type === 'ended' ? `ended ${event.why}` : event.type
    })
  return { api, clock, events, gone, ids, line, running, seen, session, watch, words }
}

describe('the stream', () => {
  it('lists, says that it has, and passes changes on', async () => {
    const stream = open(() => listOf(hook('a', 1), hook('b', 2)))
    await settle()
    expect(stream.words()).toEqual(['hello', 'begin', 'rows a b', 'synced', 'uncounted'])
    stream.watch().send({ type: 'MODIFIED', object: hook('a', 11) }, { type: 'DELETED', object: hook('b', 12) })
    await stream.clock.advance(100)
    expect(stream.words().slice(5)).toEqual(['gone shop/b', 'rows a'])
    // A page that is cut between the two resumes before both.
    expect(stream.ids).toEqual(['10', '12'])
    stream.watch().send({ type: 'DELETED', object: hook('a', 13) })
    await stream.clock.advance(100)
    expect([stream.words().at(-1), stream.ids.at(-1)]).toEqual(['gone shop/a', '13'])
  })

  it('passes no change from before a list on after its parts', async () => {
    const stream = open((_request, count) => listOf(...(count === 0 ? [hook('a', 1)] : [hook('b', 2)])))
    await settle()
    stream.watch().send({ type: 'MODIFIED', object: hook('a', 11) })
    stream.watch().send({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })
    await stream.clock.advance(1_000)
    const words = stream.words().filter(word => /^rows|^begin|^synced/.test(word))
    expect(words).toEqual(['begin', 'rows a', 'synced', 'rows a', 'begin', 'rows b', 'synced'])
  })

  it('resumes from where the page was, without a list', async () => {
    const stream = open(() => listOf(), { from: '7' })
    await settle()
    expect(stream.words()).toEqual(['hello'])
    expect(stream.watch().request.query).toMatchObject({ resourceVersion: '7' })
    expect(stream.api.requests).toEqual([])
  })

  it('lists again where that version is gone', async () => {
    const stream = open(
      () => listOf(hook('a', 1)),
      { from: '7' },
      (_request, count) => (count === 0 ? new WatchRefused(410, 'too old') : undefined),
    )
    await stream.clock.advance(250)
    expect(stream.words()).toEqual(['hello', 'begin', 'rows a', 'synced', 'uncounted'])
  })

  it('says that it is stale when its own watch is cut, and when it lives again', async () => {
    const stream = open(
      () => listOf(),
      {},
      (_request, count) => (count === 1 ? new Unreachable('refused', false) : undefined),
    )
    await settle()
    stream.watch().cut()
    await stream.clock.advance(3000)
    expect(stream.words()).toEqual(['hello', 'begin', 'synced', 'stale', 'live'])
    expect(stream.watch().open).toBe(true)
  })

  it.each([
    [401, 'ended expired', 1],
    [403, 'ended forbidden', 0],
  ])('ends within 30 s when a list is answered %i, though its watch lives on', async (status, ended, expired) => {
    const stream = open((_request, count) =>
      count === 0 ? listOf(hook('a', 1)) : answer(status, { message: 'no longer' }),
    )
    await stream.clock.advance(29_900)
    expect(stream.words()).not.toContain(ended)
    await stream.clock.advance(100)
    expect(stream.words().at(-1)).toBe(ended)
    expect([stream.seen.ended, stream.seen.expired]).toEqual([true, expired])
    await stream.running
    expect(stream.watch().open).toBe(false)
    expect(stream.clock.pending).toBe(0)
  })

  it('is refused like a list', async () => {
    const stream = open(() => answer(403, { message: 'bob cannot list' }))
    await stream.running
    expect(stream.words()).toEqual(['hello', 'begin', 'ended forbidden'])
  })

  it('goes on where the API server only cannot be reached when it looks again', async () => {
    const stream = open((_request, count) => (count === 0 ? listOf() : new Unreachable('refused', false)))
    await stream.clock.advance(90_000)
    expect(stream.words()).not.toContain('ended')
    expect(stream.seen.comments).toBe(6)
  })

  it('ends with its session, with the reason', async () => {
    const stream = open(() => listOf())
    await settle()
    stream.session.abort('expired')
    await stream.running
    expect([stream.words().at(-1), stream.seen.ended, stream.clock.pending]).toEqual(['ended expired', true, 0])
  })

  it('lets a page go that does not read', async () => {
    const stream = open(() => listOf())
    await settle()
    stream.line.waiting = ofStream.maxUnreadBytes + 1
    stream.watch().send({ type: 'ADDED', object: hook('a', 11) })
    await stream.clock.advance(100)
    await stream.running
    expect([stream.seen.cut, stream.clock.pending]).toEqual([true, 0])
  })

  it('sends a long list as fast as a slow line takes it', async () => {
    const stream = open(manyPages, {}, undefined, 100_000)
    await stream.clock.advance(120_000)
    expect(stream.words()).toContain('synced')
    expect(stream.words().filter(word => word.startsWith('rows '))).toHaveLength(60)
    expect(stream.seen.cut).toBe(false)
    expect(stream.line.most).toBeLessThan(ofStream.maxUnreadBytes / 4)
  })

  it('lets a page go that takes no part of a list within a minute, and lists no further for it', async () => {
    const stream = open(manyPages, {}, undefined, 0)
    await stream.clock.advance(59_000)
    expect(stream.seen.cut).toBe(false)
    await stream.clock.advance(1_000)
    await stream.running
    expect(stream.seen.cut).toBe(true)
    const lists = stream.api.requests.filter(({ path, query }) => path === hooksPath && query?.['limit'] !== '1')
    expect(lists).toHaveLength(1)
    expect(stream.line.most).toBeLessThan(ofStream.maxUnreadBytes / 4)
  })

  it.each([
    ['goes on', manyPages],
    ['ends with 410, and is begun again', forgetful],
  ])('lets a page go that has no whole list after four minutes, also if a list %s', async (_, hooks) => {
    // Each part is taken within 10 s, so no part alone takes too long.
    const stream = open(hooks, {}, undefined, 10_000)
    await stream.clock.advance(239_000)
    expect([stream.seen.cut, stream.words().includes('synced')]).toEqual([false, false])
    await stream.clock.advance(1_000)
    await stream.running
    expect(stream.seen.cut).toBe(true)
  })

  it('stays open for as long as it likes once the list is there', async () => {
    const stream = open(() => listOf(hook('a', 1)))
    await stream.clock.advance(600_000)
    expect([stream.seen.cut, stream.watch().open]).toEqual([false, true])
  })

  it('ends with its session while a page is slow to take a list', async () => {
    const stream = open(manyPages, {}, undefined, 1_000)
    await settle()
    stream.session.abort('signed out')
    await stream.running
    expect(stream.words().filter(word => /^rows|^ended|^synced/.test(word))).toEqual([
      expect.stringMatching(/^rows hook-0-0 /),
      'ended signed out',
    ])
    expect([stream.seen.ended, stream.seen.cut]).toEqual([true, false])
  })

  it('leaves nothing behind when the page goes', async () => {
    const stream = open(() => listOf(hook('a', 1)))
    await settle()
    stream.gone.abort()
    await stream.running
    await settle()
    expect([stream.clock.pending, stream.watch().open]).toEqual([0, false])
  })
})
