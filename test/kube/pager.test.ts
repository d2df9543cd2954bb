import { describe, expect, it, test } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { JsonPicker } from '../../src/environment/json-picker.ts'
import { maxAnswerBytes } from '../../src/environment/large-answers.ts'
import { nextLimit, pagesOf, type Listing } from '../../src/kube/pager.ts'
import { scriptedConnection, answer } from '../support/scripted-connection.ts'
import { ask } from '../apiserver/ask.ts'
import { fc, property } from '../support/property.ts'

const listing: Listing = { resource: 'hooks', path: '/hooks', lane: 'bulk', timeoutMs: 1000, pick: ['spec.kind'] }

/** Counts what a list costs. */
interface Cost {
  requests: number
  /** What was read of answers, in bytes. */
  bytes: number
  /** The longest answer that was held, in bytes. */
  held: number
}

/** Returns an API server with objects that have so many bytes in an annotation, in pages with a token, with metadata behind the items. */
const serverOf = (sizes: readonly number[]): { readonly api: ApiConnection; readonly cost: Cost } => {
  const cost: Cost = { requests: 0, bytes: 0, held: 0 }
  const itemOf = (index: number, fat: string): string =>
    JSON.stringify({
      metadata: { annotations: { fat }, name: `o${index}`, resourceVersion: '7', uid: `u${index}` },
      spec: { kind: 'Deployment' },
    })
  const api = scriptedConnection(({ maxBytes = maxAnswerBytes, pick, query = {} }) => {
    const from = Number(query['continue'] ?? 0)
    const end = Math.min(from + Number(query['limit']), sizes.length)
    const more = end < sizes.length ? { continue: String(end) } : {}
    const bodyOf = (fatOf: (size: number) => string): string => {
      const items = sizes.slice(from, end).map((size, index) => itemOf(from + index, fatOf(size)))
      return `{"items":[${items.join(',')}],"metadata":${JSON.stringify({ resourceVersion: '9', ...more })}}`
    }
    const slim = bodyOf(() => '')
    const bytes = sizes.slice(from, end).reduce((sum, size) => sum + size, slim.length)
    const isTooLarge = bytes > maxBytes
    cost.requests += 1
    cost.bytes += isTooLarge && !pick ? maxBytes : bytes
    if (!isTooLarge) cost.held = Math.max(cost.held, bytes)
    const picker = new JsonPicker(pick ?? [])
    picker.write(Buffer.from(slim))
    const body = isTooLarge ? '' : bodyOf(size => 'x'.repeat(size))
    return { status: 200, headers: {}, body, ...(isTooLarge && { tooLarge: picker.picked }) }
  })
  return { api, cost }
}

const listed = async (api: ApiConnection, more: Partial<Listing> = {}): Promise<string[]> => {
  const names: string[] = []
  for await (const page of pagesOf(api, { ...listing, ...more })) {
    names.push(...page.objects.map(({ metadata }) => metadata.name))
    if (page.large)
      names.push(`${page.large.metadata.name} is too large, and scales a ${JSON.stringify(page.large['spec'])}`)
  }
  return names
}

const [kB, MB] = [1000, 1000 * 1000]

describe('the pager', () => {
  it('lists a thousand ordinary objects in a few requests', async () => {
    const { api, cost } = serverOf(Array<number>(1000).fill(2 * kB))
    expect(await listed(api)).toHaveLength(1000)
    expect(cost.requests).toBeLessThanOrEqual(6)
  })

  it('holds no more than a page of fat objects, however many there are', async () => {
    const { api, cost } = serverOf(Array<number>(60).fill(250 * kB))
    expect(await listed(api)).toHaveLength(60)
    expect(cost.held).toBeLessThan(1.1 * MB)
    // What was read in vain is a few pages.
    expect(cost.bytes).toBeLessThan(60 * 260 * kB + 5 * MB)
  })

  it('passes an object that is too large even alone on by its name, with what is picked, and goes on', async () => {
    const { api } = serverOf([1, 3 * MB, 1, 3 * MB])
    const large = (name: string): string => `${name} is too large, and scales a {"kind":"Deployment"}`
    expect(await listed(api)).toEqual(['o0', large('o1'), 'o2', large('o3')])
  })

  it('takes a list of metadata without objects, which a real API server answers with null for items', async () => {
    const api = scriptedConnection(() => answer(200, { metadata: { resourceVersion: '9' }, items: null }))
    expect(await listed(api)).toEqual([])
  })

  it('throws where an answer is no list', async () => {
    const api = scriptedConnection(() => answer(200, { metadata: { resourceVersion: '9' } }))
    await expect(listed(api)).rejects.toThrow('expected items and metadata.resourceVersion')
  })

  it('throws where the object that is too large does not say who it is', async () => {
    const api = scriptedConnection(() => ({ ...answer(200, {}), body: '', tooLarge: new Map() }))
    await expect(listed(api)).rejects.toThrow('has no name or version')
    expect(api.requests.map(({ query }) => query?.['limit'])).toEqual(['50', '12', '3', '1'])
  })

  it('reads a list of the in-memory API server, whose fat objects no page holds together', async () => {
    const { server, post } = ask()
    const configMaps = '/api/v1/namespaces/default/configmaps'
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
    for (let i = 0; i < 12; i += 1) {
      post(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `c${i}` },
        data: { fat: 'x'.repeat(500 * kB) },
      })
    }
    expect(await listed(connectInProcess(server), { path: configMaps })).toHaveLength(12)
  })
})

property(
  'every object comes once and in its order, or by its name where it is too large; what is read in vain is bounded',
  [fc.array(fc.oneof(fc.integer({ min: 0, max: 5 * kB }), fc.integer({ min: 0, max: 3 * MB })), { maxLength: 40 })],
  async sizes => {
    const { api, cost } = serverOf(sizes)
    const names = (await listed(api)).map(name => name.split(' ')[0])
    expect(names).toEqual(sizes.map((_, index) => `o${index}`))
    expect(cost.held).toBeLessThanOrEqual(maxAnswerBytes)
    const needed = sizes.reduce((sum, size) => sum + size + 200, 0)
    expect(cost.bytes).toBeLessThan(4.5 * needed + 4 * MB)
  },
)

test('the next page has what fits, at most four times as many objects as the last, and 500', () => {
  expect(nextLimit(50, { objects: 50, bytes: 100 * kB })).toBe(200)
  expect(nextLimit(200, { objects: 200, bytes: 100 * kB })).toBe(500)
  expect(nextLimit(50, { objects: 50, bytes: 1000 * kB })).toBe(26)
  expect(nextLimit(1, { objects: 1, bytes: 1900 * kB })).toBe(1)
  expect(nextLimit(50, 'too large')).toBe(12)
  expect(nextLimit(3, 'too large')).toBe(1)
})
