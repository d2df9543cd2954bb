import { expect, it } from 'vitest'
import { startServed } from './served.ts'

const file = {
  path: '/assets/main-12345678.js',
  type: 'text/javascript',
  gzip: new Uint8Array([1, 2, 3]),
  brotli: new Uint8Array([4]),
}

const start = async () => {
  const { send } = await startServed({ assets: { document: '<html data-version="%version%">', files: [file] } })
  return async (method: string, path: string) => {
    const { body, headers, status } = await send(method, path, {
      headers: { origin: undefined, 'content-type': undefined },
    })
    const { date: _, ...rest } = headers
    return { status, headers: rest, body }
  }
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
  expect(got.body).not.toBe('')
  expect(await ask('HEAD', path)).toEqual({ ...got, body: '' })
})

it.each([
  ['HEAD', '/api/me', 403],
  ['HEAD', '/api/session', 403],
  ['POST', '/', 403],
  ['OPTIONS', '/', 403],
])('%s %s without an origin is still refused', async (method, path, status) => {
  expect((await (await start())(method, path)).status).toBe(status)
})
