import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { ofStream } from '../../../dashboard/server/limits.ts'
import { settle } from '../../support/clock.ts'
import { answer, scriptedConnection, type Scripted } from '../../support/scripted-connection.ts'
import { pageHost, startServed } from './served.ts'

const hooksPath = '/apis/receiverhooks.dev/v1alpha1/receiverhooks'
const pages = 50

/** Returns a list of many hooks, page by page: 20 MB, which no socket buffers. */
const manyPages: Scripted = ({ path, query }) => {
  if (path !== hooksPath) return answer(201, { status: { userInfo: { username: 'alice', groups: [] } } })
  const page = Number(query?.['continue'] ?? 0)
  const status = { conditions: [{ type: 'Ready', status: 'False', reason: 'X', message: 'x'.repeat(20_000) }] }
  const items = Array.from({ length: 20 }, (_, index) => ({
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: `hook-${page}-${index}`, namespace: 'shop', uid: `${page}-${index}`, resourceVersion: '1' },
    spec: {},
    status,
  }))
  return answer(200, {
    items,
    metadata: { resourceVersion: '10', ...(page < pages - 1 && { continue: `${page + 1}` }) },
  })
}

/** Opens a stream whose client does not read yet, and waits until the server has filled what is buffered. */
const unread = async () => {
  const api = scriptedConnection(manyPages)
  const served = await startServed({ connectAs: () => ({ ...api, close: () => Promise.resolve() }) })
  const { headers } = await served.open()
  const idle = served.clock.pending
  const socket = connect(served.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.pause()
  socket.write(`GET /api/stream HTTP/1.1\r\nHost: ${pageHost}\r\nSec-Fetch-Site: same-origin\r\n`)
  socket.write(`Cookie: ${headers.cookie ?? ''}\r\nX-Page-Key: ${headers['x-page-key'] ?? ''}\r\n\r\n`)
  const lists = () => api.requests.filter(({ path, query }) => path === hooksPath && query?.['limit'] !== '1').length
  const seen: number[] = []
  await expect.poll(() => seen.push(lists()) > 3 && seen.at(-1) !== 0 && new Set(seen.slice(-3)).size === 1).toBe(true)
  return { ...served, idle, lists, socket }
}

it('a client that is slow to read gets the whole list, and the server reads it no sooner', async () => {
  const { lists, socket } = await unread()
  expect(lists()).toBeLessThan(pages)
  let read = ''
  socket.setEncoding('latin1').on('data', (text: string) => (read = (read + text).slice(-2_000)))
  socket.resume()
  await expect.poll(() => read.includes('"synced"') || socket.closed).toBe(true)
  expect(read).toContain('"synced"')
  expect(lists()).toBe(pages)
})

it('a client that reads nothing is let go', async () => {
  const { clock, idle, lists, socket } = await unread()
  const closed = once(socket, 'close')
  // Where the server is slow to fill what is buffered, it needs more than one of these times.
  await expect.poll(() => clock.advance(ofStream.takenWithinMs).then(() => clock.pending)).toBeLessThanOrEqual(idle)
  socket.on('error', () => undefined).resume()
  await closed
  await settle()
  expect(lists()).toBeLessThan(pages)
})
