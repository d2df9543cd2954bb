import { expect, test } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { installation, readyReason } from './installation.ts'

const denied = (code: number) => ({
  status: code,
  headers: {},
  body: JSON.stringify({ kind: 'Status', message: 'admission webhook "strict" denied the request: no', code }),
})

test.each([409, 404])('a status that a webhook refuses with %i is reported', async code => {
  const x = await installation()
  await x.createDeployment('web')
  for (const name of ['web-up', 'web-down']) await x.createHook(name)
  const isRefused = ({ method, path }: ApiRequest) => method === 'PATCH' && path.endsWith('/web-up/status')
  const before = (request: ApiRequest) => (isRefused(request) ? Promise.resolve(denied(code)) : undefined)
  const process = x.start('first', { before })
  await x.becomes('web-down', 'Valid')
  await x.pass(600_000)
  expect(await process.metrics()).toMatch(/^receiverhooks_stuck_keys\{controller="receiverhook"\} 1$/m)
  expect((await x.hookEvents()).map(event => stringAt(event, 'reason'))).toContain('StatusOutdated')
})

test('a Lease that a webhook refuses with 409 is said in the log', async () => {
  const x = await installation()
  const isLease = ({ method, path }: ApiRequest) => method !== 'GET' && path.includes('/leases')
  const before = (request: ApiRequest) => (isLease(request) ? Promise.resolve(denied(409)) : undefined)
  const process = x.start('first', { before })
  await x.pass(30_000)
  expect(process.lines.join('\n')).toContain('strict')
})

test('a replica that cannot read hooks does not keep the lease from one that can', async () => {
  const x = await installation()
  await x.createDeployment('web')
  const body = JSON.stringify({ kind: 'Status', message: 'etcd is sick' })
  const isList = ({ method, path }: ApiRequest) => method === 'GET' && path.endsWith('/receiverhooks')
  x.start('first', {
    before: request => (isList(request) ? Promise.resolve({ status: 500, headers: {}, body }) : undefined),
  })
  await x.pass(2000)
  x.start('second')
  await x.createHook('web-up')
  await x.pass(60_000)
  expect(readyReason(await x.hook('web-up'))).toBe('Valid')
})
