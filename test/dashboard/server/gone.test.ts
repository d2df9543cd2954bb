import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { places } from '../../../dashboard/server/limits.ts'
import { answer, scriptedConnection } from '../../support/scripted-connection.ts'
import { pageHost, startServed } from './served.ts'

/** Starts a dashboard behind a proxy. The API server answers a sign-in only after `letIn` is called. */
const startBehindProxy = async () => {
  const { promise: isIn, resolve: letIn } = Promise.withResolvers<void>()
  const { promise: isAsked, resolve: ask } = Promise.withResolvers<void>()
  const connection = scriptedConnection(async () => {
    ask()
    await isIn
    return answer(201, { status: { userInfo: { username: 'alice', groups: [] } } })
  })
  const connectAs = () => ({ ...connection, close: () => Promise.resolve() })
  const served = await startServed({ signIn: 'header', connectAs })
  const headers = { authorization: 'Bearer token-of-alice', 'x-page-key': 'page' }
  const head = Object.entries({ host: pageHost, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  /** Sends requests, each on a connection of its own, and leaves while the sign-in waits. */
  const leave = async (path: string, count: number): Promise<void> => {
    const sockets = Array.from({ length: count }, () => connect(served.port, '127.0.0.1'))
    for (const socket of sockets) socket.write(`GET ${path} HTTP/1.1\r\n${head.join('')}\r\n`)
    await isAsked
    for (let turn = 0; turn < 100; turn++) await setImmediate()
    for (const socket of sockets) {
      socket.destroy()
      await once(socket, 'close')
    }
    for (let turn = 0; turn < 100; turn++) await setImmediate()
    letIn()
  }
  return { ...served, connection, headers, leave }
}

it('a request whose client leaves during the sign-in takes no place', async () => {
  const { headers, leave, send } = await startBehindProxy()
  await leave('/api/me', places.requestsOfUser)
  expect((await send('GET', '/api/me', { headers })).status).toBe(200)
})

it('a stream whose client leaves during the sign-in is not opened', async () => {
  const { connection, headers, leave, send } = await startBehindProxy()
  await leave('/api/stream', places.streamsOfSession)
  expect((await send('GET', '/api/me', { headers })).status).toBe(200)
  expect(connection.requests.filter(({ path }) => path.includes('receiverhooks'))).toEqual([])
})
