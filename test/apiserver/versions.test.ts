import { array, constantFrom, nat, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { property } from '../support/property.ts'
import { ask, configMap, configMaps, namesIn, versionOf } from './ask.ts'

const exact = (resourceVersion: string, name?: string) => ({
  resourceVersion,
  resourceVersionMatch: 'Exact',
  ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
})

describe('versions', () => {
  it('begin above 0 and rise by every write of any kind', () => {
    const { post, patch, remove, get } = ask()
    const start = Number(stringAt(get(configMaps).body, 'metadata', 'resourceVersion'))
    post(configMaps, configMap('a'))
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    remove(`${configMaps}/a`)
    expect(start).toBeGreaterThan(0)
    expect(Number(stringAt(get(configMaps).body, 'metadata', 'resourceVersion'))).toBe(start + 3)
  })

  it('stay where they are when a write changes nothing', () => {
    const { post, put, patch } = ask()
    const { body } = post(configMaps, configMap('a', { x: '1' }))
    const answers = [
      put(`${configMaps}/a`, body),
      patch(`${configMaps}/a`, 'merge', { data: { x: '1' } }),
      patch(`${configMaps}/a`, 'merge', { metadata: { generation: 9, creationTimestamp: null } }),
    ]
    expect(answers.map(answer => versionOf(answer.body))).toEqual(answers.map(() => versionOf(body)))
  })

  property(
    'of the past can be listed, after any later write',
    [array(tuple(constantFrom('a', 'b', 'c'), nat(3)), { maxLength: 30 })],
    writes => {
      const { post, patch, remove, get } = ask()
      const seen: [string, string][] = []
      for (const [name, value] of writes) {
        const data = { x: String(value) }
        if (value === 0) remove(`${configMaps}/${name}`)
        else if (post(configMaps, configMap(name, data)).status === 409)
          patch(`${configMaps}/${name}`, 'merge', { data })
        const now = get(configMaps).body
        seen.push([versionOf(now), JSON.stringify(now['items'])])
      }
      for (const [version, items] of seen) {
        expect(JSON.stringify(get(configMaps, exact(version)).body['items'])).toBe(items)
      }
    },
  )

  it('of one object are found by its name', () => {
    const { post, patch, get } = ask()
    const first = post(configMaps, configMap('a', { x: '1' })).body
    patch(`${configMaps}/a`, 'merge', { data: { x: '2' } })
    post(configMaps, configMap('b'))
    expect(get(configMaps, exact(versionOf(first), 'a')).body['items']).toMatchObject([{ data: { x: '1' } }])
  })

  it('older than the history are gone with 410, and the last of each object stays', async () => {
    const { post, patch, get, clock } = ask(60_000)
    const first = post(configMaps, configMap('a', { x: '1' })).body
    await clock.advance(1000)
    const second = patch(`${configMaps}/a`, 'merge', { data: { x: '2' } }).body
    await clock.advance(59_500)
    expect(get(configMaps, exact(versionOf(first), 'a')).body['items']).toMatchObject([{ data: { x: '1' } }])
    await clock.advance(60_000)
    expect(get(configMaps, exact(versionOf(first), 'a'))).toMatchObject({ status: 410, body: { reason: 'Expired' } })
    expect(get(configMaps, exact(versionOf(second), 'a')).body['items']).toMatchObject([{ data: { x: '2' } }])
    expect(get(`${configMaps}/a`).status).toBe(200)
  })

  it('of the future are refused with 504', () => {
    expect(ask().get(configMaps, exact('99999'))).toMatchObject({ status: 504, body: { reason: 'Timeout' } })
  })

  it.each([
    ['is no number', { resourceVersion: 'x' }, 400],
    ['is matched but absent', { resourceVersionMatch: 'Exact' }, 422],
    ['is exactly 0', { resourceVersion: '0', resourceVersionMatch: 'Exact' }, 422],
  ])('are refused where the asked one %s', (_, query, status) => {
    expect(ask().get(configMaps, query).status).toBe(status)
  })

  it('at 0 or not older than one are the newest', () => {
    const { post, get } = ask()
    const { body } = post(configMaps, configMap('a'))
    post(configMaps, configMap('b'))
    const queries = [
      { resourceVersion: '0' },
      { resourceVersion: versionOf(body) },
      { resourceVersion: versionOf(body), resourceVersionMatch: 'NotOlderThan' },
    ]
    for (const query of queries) expect(namesIn(get(configMaps, query).body)).toEqual(['a', 'b'])
  })
})

describe('pages', () => {
  it('show together what the list was when the first was read', () => {
    const { post, remove, get } = ask()
    for (const name of ['a', 'b', 'c', 'd', 'e']) post(configMaps, configMap(name))
    const first = get(configMaps, { limit: '2' }).body
    expect(first['metadata']).toMatchObject({ remainingItemCount: 3 })
    remove(`${configMaps}/c`)
    post(configMaps, configMap('bb'))
    const names = namesIn(first)
    for (let next = stringAt(first, 'metadata', 'continue'); next !== undefined;) {
      const page = get(configMaps, { limit: '2', continue: next }).body
      names.push(...namesIn(page))
      next = stringAt(page, 'metadata', 'continue')
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('count no remaining objects where a selector hides them', () => {
    const { post, get } = ask()
    for (const name of ['a', 'b']) post(configMaps, configMap(name, {}, { labels: { x: 'y' } }))
    const { body } = get(configMaps, { limit: '1', labelSelector: 'x=y' })
    expect(at(body, 'metadata', 'remainingItemCount')).toBeUndefined()
    expect(at(body, 'metadata', 'continue')).toBeDefined()
  })

  it('end with 410 when the history of their first is gone', async () => {
    const { post, get, clock } = ask(60_000)
    for (const name of ['a', 'b']) post(configMaps, configMap(name))
    const token = stringAt(get(configMaps, { limit: '1' }).body, 'metadata', 'continue') ?? ''
    await clock.advance(30_000)
    post(configMaps, configMap('c'))
    await clock.advance(90_000)
    expect(get(configMaps, { limit: '1', continue: token }).status).toBe(410)
  })

  it('are refused with 400 for a token that is none', () => {
    expect(ask().get(configMaps, { limit: '1', continue: 'x' }).status).toBe(400)
  })
})
