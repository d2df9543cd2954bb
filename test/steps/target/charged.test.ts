import { expect, it } from 'vitest'
import type { ApiConnection, ApiResponse } from '../../../src/environment/environment.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { inSpec } from '../../../src/steps/target/counts.ts'
import { commit, markedWrite, type Accounting } from '../../../src/steps/target/commit.ts'
import { fakeClock } from '../../support/clock.ts'
import { noApi } from '../../support/environment.ts'
import { deploymentTarget } from '../../support/targets.ts'

const from = { uid: 'u1', resourceVersion: '7', ground: { count: '/spec/size', makes: [] } }

/** Returns charges of one write that is answered so, to an object of 900 bytes. */
const chargedFor = async (target: Parameters<typeof markedWrite>[1], answered: Partial<ApiResponse> | Error) => {
  const charged: number[] = []
  const accounting: Accounting = { objectBytes: 900, charge: bytes => void charged.push(bytes) }
  const api: ApiConnection = {
    ...noApi,
    request: () =>
      answered instanceof Error
        ? Promise.reject(answered)
        : Promise.resolve({ status: 200, headers: {}, body: '', ...answered }),
  }
  await markedWrite(api, target, 'mark', from, 3, accounting)
  return charged
}

it.each<[string, number[], Partial<ApiResponse> | Error]>([
  ['the object as it was last read', [900], { body: '{"metadata":{"resourceVersion":"8"}}' }],
  ['the same where the server fails', [900], { status: 500, body: 'no' }],
  ['the same where the answer is lost', [900], new Unreachable('cut off', true)],
  ['nothing where it never arrived', [], new Unreachable('refused', false)],
  ['nothing where it is refused', [], { status: 409 }],
])('a write by way of /scale is charged with %s', async (_, charged, answered) => {
  expect(await chargedFor(deploymentTarget('web'), answered)).toEqual(charged)
})

it('a patch of the object is charged with what is answered', async () => {
  const type = { group: 'example.com', version: 'v1', resource: 'fleets', kind: 'Fleet' }
  const fleet = { type, namespace: 'shop', name: 'big', at: inSpec('size') }
  expect(await chargedFor(fleet, { body: 'ü'.repeat(1000) })).toEqual([2000])
})

it('a write is charged once, however often the same is sent', async () => {
  const clock = fakeClock()
  const charged: number[] = []
  let tries = 0
  const api: ApiConnection = {
    ...noApi,
    request: ({ method }) =>
      Promise.resolve({ status: method === 'PATCH' ? (tries++, 500) : 503, headers: {}, body: '' }),
  }
  const accounting: Accounting = { objectBytes: 900, charge: bytes => void charged.push(bytes) }
  const target = deploymentTarget('web')
  const made = commit(
    { api, clock },
    { target, mark: 'mark', from, to: 3, shared: false },
    { accounting, looked: () => {}, mayContinue: () => tries < 3 },
  )
  await clock.advance(5000)
  expect(await made).toMatchObject({ write: 'unknown' })
  expect([tries, charged]).toEqual([3, [900]])
})
