import { expect, test } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { readPage } from '../../src/record/page-store.ts'
import { readRecord } from '../../src/record/store.ts'
import { noApi } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

const owner = { namespace: 'shop', name: 'web-up', uid: 'h1' }
const record = {
  metadata: {
    name: 'web-up',
    uid: 'r',
    resourceVersion: '1',
    ownerReferences: [{ apiVersion, kind: hookKind, name: owner.name, uid: owner.uid }],
  },
  content: JSON.stringify({ ...storedOf(emptyMemory), pages: ['p0'] }),
}
const astray = { status: 404, headers: {}, body: '404 page not found\n' }

test.each([
  ['its page', 'p0'],
  ['it', 'web-up'],
])('a record is not believed to have lost anything because of a 404 that is not about %s', async (_what, missing) => {
  const lost: string[] = []
  const api = {
    ...noApi,
    request: async ({ path }: { readonly path: string }) => {
      await Promise.resolve()
      const name = path.split('/').at(-1) ?? ''
      if (path.includes('/receiverhooks/')) return answer(200, { metadata: { name, uid: 'h1', resourceVersion: '1' } })
      return name === missing ? astray : answer(200, record)
    },
  }
  const read = await readRecord(api, owner, {
    page: name => readPage(api, owner, name),
    unreadable: what => lost.push(what),
  })
  expect(read).toMatchObject({ read: 'unreachable' })
  expect(lost).toEqual([])
})
