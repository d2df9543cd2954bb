import { expect, test } from 'vitest'
import { whileLeading } from '../../src/controller/fence.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { noApi } from '../support/environment.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

test.each([
  [true, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']],
  [false, ['GET']],
])('while the lease is held (%s), these requests are sent: %j', async (held, expected) => {
  const sent: string[] = []
  const request = async ({ method }: ApiRequest) => {
    sent.push(method)
    return { status: 200, headers: {}, body: '' }
  }
  const api = whileLeading({ ...noApi, request }, () => held)
  const refused: string[] = []
  for (const method of methods) {
    const asked = api.request({ method, path: '/', lane: 'bulk', timeoutMs: 1 })
    await asked.catch((error: unknown) => refused.push(String(error)))
  }
  expect(sent).toEqual(expected)
  const others = methods.filter(method => !expected.includes(method))
  expect(refused).toEqual(others.map(method => `Unreachable: ${method} /: not sent, the lease was lost`))
})
