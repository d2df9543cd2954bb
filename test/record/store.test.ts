import { expect, test } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { recordFormat } from '../../src/api/record.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { readPage } from '../../src/record/page-store.ts'
import { readRecord } from '../../src/record/store.ts'
import { noApi } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

const owner = { namespace: 'shop', name: 'web-up', uid: 'h1' }

const object = (name: string, content: unknown) => ({
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    ownerReferences: [{ apiVersion, kind: hookKind, name: owner.name, uid: owner.uid }],
  },
  content: JSON.stringify(content),
})

/** Returns a record that lists so many pages, and what reading it asks for. */
const listing = (pages: number, pageContent: unknown) => {
  const asked: ApiRequest[] = []
  let atOnce = 0
  let maxAtOnce = 0
  const content = {
    ...storedOf(emptyMemory),
    pages: Array.from({ length: pages }, (_, index) => `p${index}`),
  }
  const api: ApiConnection = {
    ...noApi,
    request: async request => {
      asked.push(request)
      maxAtOnce = Math.max(maxAtOnce, ++atOnce)
      await Promise.resolve()
      atOnce -= 1
      const name = request.path.split('/').at(-1) ?? ''
      return answer(200, name === 'web-up' ? object(name, content) : object(name, pageContent))
    },
  }
  const unreadable: string[] = []
  const read = () =>
    readRecord(api, owner, { page: name => readPage(api, owner, name), unreadable: what => unreadable.push(what) })
  return { asked, read, unreadable, maxAtOnce: () => maxAtOnce }
}

test('the pages of a record are read one after another', async () => {
  const { asked, maxAtOnce, read } = listing(200, {
    format: recordFormat,
    page: [{ state: 'unknown', key: 'a', at: 1 }],
  })
  expect(await read()).toMatchObject({ read: 'found' })
  expect([asked.length, maxAtOnce()]).toEqual([201, 1])
})

test('a record that lists more pages than any has is not believed, and no page is read', async () => {
  const { asked, read, unreadable } = listing(20_000, { format: recordFormat, page: [] })
  expect(await read()).toMatchObject({ read: 'found', memory: { rows: [] } })
  expect([asked.length, unreadable]).toEqual([1, ['the record is unreadable, so it begins again']])
})

test('of fat pages no more is read than a record has', async () => {
  const rows = Array.from({ length: 1700 }, (_, index) => ({
    state: 'unknown',
    key: `${index}-${'x'.repeat(100)}`,
    at: 1,
  }))
  const { asked, read, unreadable } = listing(500, { format: recordFormat, page: rows })
  expect(await read()).toMatchObject({ read: 'found' })
  // The record is read again once, since a page might have been joined with others meanwhile.
  expect(asked.length).toBeLessThan(50)
  expect(unreadable).toHaveLength(1)
})

test('a record whose page is lost is read twice, also while others write it', async () => {
  let versions = 0
  const content = { ...storedOf(emptyMemory), pages: ['p0'] }
  const api: ApiConnection = {
    ...noApi,
    request: ({ path }) => {
      const name = path.split('/').at(-1) ?? ''
      if (name !== 'web-up' || path.includes('/receiverhooks/'))
        return Promise.resolve(answer(404, { kind: 'Status', reason: 'NotFound', details: { name } }))
      const { metadata, ...rest } = object('web-up', content)
      return Promise.resolve(answer(200, { ...rest, metadata: { ...metadata, resourceVersion: String(++versions) } }))
    },
  }
  const unreadable: string[] = []
  const reading = {
    page: (name: string) => readPage(api, owner, name),
    unreadable: (what: string) => void unreadable.push(what),
  }
  expect(await readRecord(api, owner, reading)).toMatchObject({ read: 'found' })
  expect([versions, unreadable.length]).toEqual([2, 1])
})

test('a page that is longer than any is unreadable', async () => {
  const page = { format: recordFormat, page: [{ state: 'unknown', key: 'x'.repeat(600_000), at: 1 }] }
  const api: ApiConnection = { ...noApi, request: () => Promise.resolve(answer(200, object('p', page))) }
  expect(await readPage(api, owner, 'p')).toEqual({ read: 'unreadable' })
  const fat: ApiConnection = { ...noApi, request: async () => ({ ...answer(200, {}), body: '', tooLarge: new Map() }) }
  expect(await readPage(fat, owner, 'p')).toEqual({ read: 'unreadable' })
})
