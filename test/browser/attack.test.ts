import { createServer, request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'
import { visit } from './page.ts'
import { playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))

/** Writes bytes to the dashboard's port, and resolves with the first line of what comes back. */
const raw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1', () => socket.end(bytes))
    text(socket).then(answer => resolve(answer.split('\r\n')[0] ?? ''), reject)
    socket.on('error', reject)
  })

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const ask = (link: URL, { body, headers, method = 'GET', path = '/api/me' }: Asked) =>
  new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: link.port, method, path, headers: { host: link.host, ...headers } },
      answer => {
        text(answer).then(
          said => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: said }),
          reject,
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** Opens a session as the page does. */
const signedIn = async () => {
  const link = new URL(playground.link())
  const origin = link.origin
  const key = link.hash.slice('#key='.length)
  const open = { method: 'POST', path: '/api/session', body: JSON.stringify({ key }) }
  const answer = await ask(link, { ...open, headers: { origin, 'content-type': 'application/json' } })
  const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
  const pageKey = /"pageKey":"([^"]+)"/.exec(answer.body)?.[1] ?? ''
  return { link, origin, key, open, cookie, pageKey, both: { cookie, 'x-page-key': pageKey } }
}

describe('the dashboard is closed to', () => {
  it.each<readonly [name: string, headers: string, status: string]>([
    ['a rebound name', 'Host: evil.example:PORT', '421'],
    ['two Hosts', 'Host: 127.0.0.1:PORT\r\nHost: evil.example', '421'],
    ['no Host', 'X-Nothing: 1', '400'],
  ])('%s', async (_name, headers, status) => {
    const { port } = new URL(playground.link())
    const line = await raw(
      Number(port),
      `GET /api/me HTTP/1.1\r\n${headers.replaceAll('PORT', port)}\r\nConnection: close\r\n\r\n`,
    )
    expect(line).toContain(` ${status} `)
  })

  it('an absolute target', async () => {
    const { host, port } = new URL(playground.link())
    const line = await raw(
      Number(port),
      `GET http://evil.example/api/me HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    )
    expect(line).toContain(' 421 ')
  })

  it('the cookie alone, the page key alone, and nothing', async () => {
    const { both, cookie, link, pageKey } = await signedIn()
    expect((await ask(link, { headers: both })).status).toBe(200)
    expect((await ask(link, { headers: { cookie } })).status).toBe(401)
    expect((await ask(link, { headers: { 'x-page-key': pageKey } })).status).toBe(401)
    expect((await ask(link, {})).status).toBe(401)
  })

  it('both, from another port or another site, and a write without an origin', async () => {
    const { both, link } = await signedIn()
    const write = { method: 'POST', path: '/api/hooks/shop/web-up/url', body: '{}' }
    const type = { 'content-type': 'application/json' }
    expect((await ask(link, { headers: { ...both, 'sec-fetch-site': 'same-site' } })).status).toBe(403)
    expect((await ask(link, { headers: { ...both, 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await ask(link, { ...write, headers: { ...both, ...type } })).status).toBe(403)
    expect((await ask(link, { ...write, headers: { ...both, ...type, origin: 'http://127.0.0.1:3000' } })).status).toBe(
      403,
    )
    expect((await ask(link, { ...write, headers: { ...both, ...type, origin: link.origin } })).status).toBe(200)
  })

  it('a key that was used, and a wrong one', async () => {
    const { link, open, origin } = await signedIn()
    const headers = { origin, 'content-type': 'application/json' }
    expect((await ask(link, { ...open, headers })).status).toBe(401)
    expect((await ask(link, { ...open, headers, body: '{"key":"wrong"}' })).status).toBe(401)
  })

  it('a body that is no JSON, or too large', async () => {
    const { both, link, origin } = await signedIn()
    const write = { method: 'POST', path: '/api/hooks' }
    expect(
      (await ask(link, { ...write, body: '{}', headers: { ...both, origin, 'content-type': 'text/plain' } })).status,
    ).toBe(415)
    const large = JSON.stringify({ x: 'x'.repeat(300 * 1024) })
    const refused = await ask(link, {
      ...write,
      body: large,
      headers: { ...both, origin, 'content-type': 'application/json' },
    }).catch(() => ({ status: 413 }))
    expect(refused.status).toBe(413)
  })

  it('a path that leads out of its own', async () => {
    const { both, link } = await signedIn()
    for (const path of [
      '/api/hooks/shop/..',
      '/api/hooks/%2e%2e/web-up',
      '/api/hooks/shop/web-up%2f..',
      '/assets/../../package.json',
    ]) {
      expect([path, (await ask(link, { path, headers: both })).status]).toEqual([path, 404])
    }
  })

  it('a page of another port, in a browser that is signed in', async () => {
    const evil = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>evil</title>'),
    )
    const port = await listen(evil, { host: '127.0.0.1', port: 0, flag: '' })
    onTestFinished(() => {
      evil.closeAllConnections()
      evil.close()
    })
    const { context, page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    const { origin } = new URL(page.url())
    const other = await context.newPage()
    await other.goto(`http://127.0.0.1:${port}/`)
    const tried = await other.evaluate(async dashboard => {
      const attempt = (path: string, options: RequestInit): Promise<string> =>
        fetch(dashboard + path, { credentials: 'include', ...options }).then(
          answer => `${answer.type} ${answer.status}`,
          () => 'refused',
        )
      const framed = await new Promise<boolean>(resolve => {
        const frame = document.createElement('iframe')
        frame.src = dashboard
        frame.addEventListener('load', () => {
          try {
            resolve(frame.contentDocument?.querySelector('.row') !== null && frame.contentDocument !== null)
          } catch {
            resolve(false)
          }
        })
        document.body.append(frame)
      })
      return {
        read: await attempt('/api/me', {}),
        blind: await attempt('/api/hooks/shop/web-up/suspend', { method: 'POST', mode: 'no-cors', body: '{}' }),
        script: await new Promise<string>(resolve => {
          const script = document.createElement('script')
          script.src = `${dashboard}/api/me`
          script.addEventListener('load', () => resolve('loaded'))
          script.addEventListener('error', () => resolve('refused'))
          document.body.append(script)
        }),
        framed,
      }
    }, origin)
    expect(tried).toMatchObject({ read: 'refused', script: 'refused', framed: false })
    await page.bringToFront()
    expect(await page.locator('[data-key="shop/web-up"]').getByText('Suspended').count()).toBe(0)
  })
})
