import { expect, it } from 'vitest'
import { sendWrite } from '../../src/kube/written.ts'
import { noApi } from '../support/environment.ts'

const denied = 'admission webhook "freeze.example.com" denied the request: not on Fridays'

it.each([
  [400, denied, { sent: 'refused', forbidden: false }],
  [403, denied, { sent: 'refused', forbidden: true }],
  [404, denied, { sent: 'refused', forbidden: false }],
  [409, denied, { sent: 'refused', forbidden: false }],
  [429, denied, { sent: 'refused', forbidden: false }],
  [500, denied, { sent: 'refused', forbidden: false }],
  [400, 'the body is no object', { sent: 'refused', forbidden: false }],
  [404, 'not found', { sent: 'missing' }],
  [409, 'the object has been modified', { sent: 'conflict' }],
  [429, 'too many requests', { sent: 'not sent' }],
  [500, 'failed calling webhook', { sent: 'unknown' }],
])('a write that is answered with %i, %s', async (status, message, expected) => {
  const body = JSON.stringify({ kind: 'Status', code: status, message })
  const api = { ...noApi, request: () => Promise.resolve({ status, headers: {}, body }) }
  expect(await sendWrite(api, { method: 'PATCH', path: '/x', lane: 'step', timeoutMs: 1000 }, 'writing')).toMatchObject(
    expected,
  )
})
