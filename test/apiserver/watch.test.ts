import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { ask, configMap, configMaps, deployments, eventsOf, versionOf } from './ask.ts'

describe('a watch', () => {
  it.each(['', '0'])('from version "%s" begins with all that there is', resourceVersion => {
    const { post, watch } = ask()
    post(configMaps, configMap('b'))
    post(configMaps, configMap('a'))
    const watched = watch(configMaps, { resourceVersion })
    post(configMaps, configMap('c'))
    expect(eventsOf(watched)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
  })

  it('from a version sends what happened after it, then what happens', () => {
    const { post, patch, remove, watch } = ask()
    const { body } = post(configMaps, configMap('a'))
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    post('/api/v1/namespaces/kube-system/configmaps', configMap('elsewhere'))
    const watched = watch(configMaps, { resourceVersion: versionOf(body) })
    remove(`${configMaps}/a`)
    expect(eventsOf(watched)).toEqual(['MODIFIED a', 'DELETED a'])
  })

  it('sends a deletion with the last state, at the version of the deletion', () => {
    const { post, remove, watch, get } = ask()
    post(configMaps, configMap('a', { x: '1' }))
    const watched = watch(configMaps)
    remove(`${configMaps}/a`)
    expect(at(watched.events.at(-1), 'object', 'data')).toEqual({ x: '1' })
    expect(versionOf(at(watched.events.at(-1), 'object'))).toBe(versionOf(get(configMaps).body))
  })

  it('of a selection sends what begins and what ceases to match', () => {
    const { post, patch, watch } = ask()
    post(configMaps, configMap('a'))
    const watched = watch(configMaps, { labelSelector: 'on=yes' })
    patch(`${configMaps}/a`, 'merge', { metadata: { labels: { on: 'yes' } } })
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    patch(`${configMaps}/a`, 'merge', { metadata: { labels: { on: 'no' } } })
    patch(`${configMaps}/a`, 'merge', { data: { x: '2' } })
    expect(eventsOf(watched)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
    expect(at(watched.events.at(-1), 'object', 'metadata', 'labels')).toEqual({ on: 'yes' })
  })

  it('is silent about a write that changed nothing', () => {
    const { post, patch, watch } = ask()
    post(configMaps, configMap('a', { x: '1' }))
    const watched = watch(configMaps)
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    patch(`${configMaps}/a`, 'merge', { data: { x: '2' } }, { dryRun: 'All' })
    expect(eventsOf(watched)).toEqual(['ADDED a'])
  })

  it('of a version that is compacted gets one 410 event and ends', async () => {
    const { post, patch, watch, clock } = ask(60_000)
    const { body } = post(configMaps, configMap('a'))
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    await clock.advance(61_000)
    const watched = watch(configMaps, { resourceVersion: versionOf(body) })
    expect(watched.ended).toBe(true)
    expect(watched.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }])
    expect(stringAt(watched.events[0], 'object', 'message')).toMatch(/^too old resource version: \d+ \(\d+\)$/)
  })

  it('gets bookmarks about every minute, and one at its end, if it asked for them', async () => {
    const { watch, clock, get, post } = ask()
    const asked = watch(configMaps, { allowWatchBookmarks: 'true', timeoutSeconds: '150' })
    const silent = watch(configMaps, { timeoutSeconds: '150' })
    await clock.advance(60_000)
    post(deployments.replace('deployments', 'replicasets'), {})
    expect(eventsOf(asked)).toEqual(['BOOKMARK'])
    await clock.advance(60_000)
    expect(versionOf(at(asked.events.at(-1), 'object'))).toBe(versionOf(get(configMaps).body))
    await clock.advance(30_000)
    expect([eventsOf(asked), asked.ended]).toEqual([['BOOKMARK', 'BOOKMARK', 'BOOKMARK'], true])
    expect([eventsOf(silent), silent.ended]).toEqual([[], true])
    expect(clock.pending).toBe(0)
  })

  it('that is cancelled hears no more and leaves no timer', () => {
    const { post, watch, clock } = ask()
    const watched = watch(configMaps, { allowWatchBookmarks: 'true' })
    watched.cancel()
    post(configMaps, configMap('a'))
    expect(eventsOf(watched)).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('whose reader writes sends that after the current change, to all', () => {
    const { server, post, watch } = ask()
    server.watch(
      { method: 'GET', path: configMaps },
      {
        line: text => void (text.includes('"a"') && post(configMaps, configMap('b'))),
        end: () => undefined,
      },
    )
    const watched = watch(configMaps)
    post(configMaps, configMap('a'))
    expect(eventsOf(watched)).toEqual(['ADDED a', 'ADDED b'])
  })

  it.each<[string, Record<string, string>, number]>([
    ['streaming lists', { sendInitialEvents: 'true' }, 422],
    ['a selector that is none', { labelSelector: 'a in (' }, 400],
    ['a version that is none', { resourceVersion: 'x' }, 500],
  ])('is refused for %s', (_, query, status) => {
    const { server } = ask()
    const sink = { line: () => undefined, end: () => undefined }
    expect(server.watch({ method: 'GET', path: configMaps, query }, sink)).toMatchObject({ status })
  })

  it('of one object by its path is of its name alone', () => {
    const { post, watch } = ask()
    const watched = watch(`${configMaps}/a`)
    post(configMaps, configMap('ab'))
    post(configMaps, configMap('a'))
    expect(eventsOf(watched)).toEqual(['ADDED a'])
  })
})
