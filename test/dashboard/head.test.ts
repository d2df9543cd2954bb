import { request } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { dashboard } from '../../src/dashboard/server/dashboard.ts'
import { servePage } from '../../src/dashboard/server/http.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi, testEnvironment } from '../support/environment.ts'

const file = {
  path: '/assets/main-12345678.js',
  type: 'text/javascript',
  gzip: new Uint8Array([1, 2, 3]),
  brotli: new Uint8Array([4]),
}

const start = async () => {
  const world = testEnvironment({ clock: fakeClock() })
  const page = dashboard(world, {
    signIn: 'key',
    version: '1.0.0',
    cluster: 'https://cluster.example.com',
    sessionMs: 3_600_000,
    assets: { document: '<html data-version="%version%">', files: [file] },
    connectAs: () => ({ ...noApi, close: () => Promise.resolve() }),
  })
  const server = await servePage(asked => page.answer({ loopback: 'any' }, asked), world, {
    host: '127.0.0.1',
    port: 0,
  })
  onTestFinished(() => server.close())
  return (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly status: number | undefined; readonly headers: object; readonly bytes: number }>(
      (resolve, reject) => {
        const options = { host: '127.0.0.1', port: server.port, method, path, headers, agent: false }
        const asking = request(options, answered => {
          let bytes = 0
          answered.on('data', (chunk: Buffer) => void (bytes += chunk.length))
          answered.on('end', () => {
            const { date: _, ...rest } = answered.headers
            resolve({ status: answered.statusCode, headers: rest, bytes })
          })
        })
        asking.on('error', reject)
        asking.end()
      },
    )
}

it.each([
  ['/', 200],
  ['/hooks/shop/web-up', 200],
  [file.path, 200],
  ['/assets/gone-12345678.js', 404],
])('HEAD %s is answered as GET is, without the body', async (path, status) => {
  const ask = await start()
  const got = await ask('GET', path)
  expect(got.status).toBe(status)
  expect(got.bytes).toBeGreaterThan(0)
  expect(await ask('HEAD', path)).toEqual({ ...got, bytes: 0 })
})

it.each([
  ['HEAD', '/api/me', 403],
  ['HEAD', '/api/session', 403],
  ['POST', '/', 403],
  ['OPTIONS', '/', 403],
])('%s %s without an origin is still refused', async (method, path, status) => {
  expect((await (await start())(method, path)).status).toBe(status)
})
