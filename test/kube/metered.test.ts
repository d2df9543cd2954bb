import { describe, expect, it } from 'vitest'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { metered } from '../../src/kube/metered.ts'
import { settle } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const path = '/apis/apps/v1/namespaces/shop/deployments/web'
const write = { method: 'PATCH', path, body: '12345', lane: 'step', timeoutMs: 1000 } as const
const read = { method: 'GET', path, lane: 'step', timeoutMs: 1000 } as const
const named = '/apis/apps/v1/namespaces/shop/deployments/scale'
const record = '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhookrecords/scale'
const lost = new Unreachable('cut off', true)
const listing = { ...read, path: '/apis/apps/v1/namespaces/shop/deployments', query: { limit: '2' } }
/** Two objects of 500 bytes each, with what is around them. */
const list = '{"metadata":{"resourceVersion":"1"},"items":[{"resourceVersion":"2"},{"resourceVersion":"3"}]}'.padEnd(
  1000,
)
const scaled = { ...write, path: `${path}/scale` }

type Exchange = readonly [ApiRequest, Partial<ApiResponse> | Error]

/** Sends requests one after another, each with its answer, and sums up what they are said to have made the server store. */
const storedBy = async (exchanges: readonly Exchange[]) => {
  let answer: Partial<ApiResponse> | Error = {}
  const api: ApiConnection = {
    ...noApi,
    request: () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answer }),
  }
  let stored = 0
  const connection = metered(api, bytes => (stored += bytes))
  for (const [request, next] of exchanges) {
    answer = next
    await connection.request(request).catch(() => {})
    await settle()
  }
  return stored
}

describe('what a write makes the API server store', () => {
  it.each<[string, number, ...Exchange[]]>([
    ['is the object that is answered', 30, [write, { body: 'x'.repeat(30) }]],
    ['is in bytes', 60, [write, { body: 'ü'.repeat(30) }]],
    ['is what was sent, where less is answered', 5, [write, { body: '1' }]],
    ['is both, where only metadata is asked for', 35, [{ ...write, as: 'metadata' }, { body: 'x'.repeat(30) }]],
    ['is the object as last read, for its /scale', 900, [read, { body: 'x'.repeat(900) }], [scaled, { body: '1' }]],
    ['is supposed, where the object has not been read', 4096, [scaled, { body: '1' }]],
    [
      'is supposed, where another object has been read',
      4096,
      [{ ...read, path: `${path}-2` }, { body: 'x'.repeat(900) }],
      [scaled, { body: '1' }],
    ],
    ['is as in a list, where only that has been read', 500, [listing, { body: list }], [scaled, {}]],
    ['is all of a Deployment named scale', 900, [{ ...write, path: named }, { body: 'x'.repeat(900) }]],
    ['is all of a record named scale', 900, [{ ...write, path: record }, { body: 'x'.repeat(900) }]],
    [
      'is the object as last read, for the /scale of one named scale',
      900,
      [{ ...read, path: named }, { body: 'x'.repeat(900) }],
      [{ ...write, path: `${named}/scale` }, { body: '1' }],
    ],
    ['is nothing for a read', 0, [read, { body: 'x'.repeat(30) }]],
    ['is nothing for a dry run', 0, [{ ...write, query: { dryRun: 'All' } }, { body: 'x'.repeat(30) }]],
    ['is nothing where it is refused', 0, [write, { status: 409, body: 'x'.repeat(30) }]],
    ['may be the object where the server fails', 4096, [write, { status: 500, body: 'no' }]],
    ['may be the object where the answer is lost', 900, [read, { body: 'x'.repeat(900) }], [write, lost]],
    ['may be one of a list where the answer is lost', 500, [listing, { body: list }], [write, lost]],
    ['may be what was sent where the answer is lost', 9000, [{ ...write, body: 'x'.repeat(9000) }, lost]],
    [
      'is one object, however often the same write is tried in vain',
      900,
      [read, { body: 'x'.repeat(900) }],
      [scaled, { status: 500 }],
      [scaled, lost],
      [scaled, { status: 500 }],
    ],
    [
      'is one object for each write that is tried in vain',
      1800,
      [read, { body: 'x'.repeat(900) }],
      [scaled, { status: 500 }],
      [{ ...scaled, body: '123456' }, { status: 500 }],
    ],
    ['is nothing where it never arrived', 0, [write, new Unreachable('refused', false)]],
  ])('%s', async (_, bytes, ...exchanges) => {
    expect(await storedBy(exchanges)).toBe(bytes)
  })

  it('is told before whoever sent it goes on, and takes none of their time', async () => {
    const answered = Promise.resolve({ status: 200, headers: {}, body: 'answer' })
    const told: string[] = []
    const connection = metered({ ...noApi, request: () => answered }, () => told.push('bytes'))
    const request = connection.request(write)
    expect(request).toBe(answered)
    await request
    told.push('answered')
    expect(told).toEqual(['bytes', 'answered'])
  })
})
