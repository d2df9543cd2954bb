import { expect, it } from 'vitest'
import { sendWrite } from '../../src/kube/written.ts'
import { noApi } from '../support/environment.ts'

const denied = 'admission webhook "freeze.example.com" denied the request: not on Fridays'

it.each([
  [400, denied, { sent: 'refused', status: 400 }],
  [403, denied, { sent: 'refused', status: 403 }],
  [404, denied, { sent: 'refused', status: 404 }],
  [409, denied, { sent: 'refused', status: 409 }],
  [429, denied, { sent: 'refused', status: 429 }],
  [500, denied, { sent: 'refused', status: 500 }],
  [400, 'the body is no object', { sent: 'refused', status: 400 }],
  [404, 'not found', { sent: 'missing' }],
  [409, 'the object has been modified', { sent: 'conflict' }],
  [410, 'a proxy has lost its upstream', { sent: 'not sent' }],
  [425, 'too early', { sent: 'not sent' }],
  [429, 'too many requests', { sent: 'not sent' }],
  [500, 'failed calling webhook', { sent: 'unknown' }],
  [202, 'a proxy has taken it over', { sent: 'unknown' }],
])('a write that is answered with %i, %s', async (status, message, expected) => {
  const body = JSON.stringify({ kind: 'Status', code: status, message })
  const api = { ...noApi, request: () => Promise.resolve({ status, headers: {}, body }) }
  expect(await sendWrite(api, { method: 'PATCH', path: '/x', lane: 'step', timeoutMs: 1000 }, 'writing')).toMatchObject(
    expected,
  )
})
