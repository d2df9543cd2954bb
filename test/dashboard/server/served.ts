import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { stringAt, tryParseJson } from '../../../src/api/json.ts'
import type { Assets } from '../../../dashboard/server/assets.ts'
import type { DashboardSettings } from '../../../dashboard/server/context.ts'
import { createDashboard } from '../../../dashboard/server/dashboard.ts'
import { servePage } from '../../../dashboard/serve.ts'
import type { ServedNames } from '../../../dashboard/server/origin-check.ts'
import type { SessionConnection } from '../../../dashboard/server/session.ts'
import { fakeClock } from '../../support/clock.ts'
import { testEnvironment } from '../../support/environment.ts'
import { answer, scriptedConnection } from '../../support/scripted-connection.ts'

/** Takes the token `good-NAME` for the user NAME, and no other. */
const goodTokens = (token?: string): SessionConnection => {
  const user = /^good-(.*)$/.exec(token ?? '')?.[1]
  const connection = scriptedConnection(() =>
    user === undefined
      ? answer(401, { message: 'Unauthorized' })
      : answer(201, { status: { userInfo: { username: user, groups: [] } } }),
  )
  return { ...connection, close: () => Promise.resolve() }
}

export interface Sent {
  /** Those that are undefined are not sent. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string
  /** From which address of loopback it comes. */
  readonly from?: string
}

export interface Answered {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  /** Parsed where it is JSON. */
  readonly body: unknown
}

/** The name under which the page is served, on any port of a test. */
export const pageHost = '127.0.0.1:8082'
const pageOrigin = `http://${pageHost}`

export interface ServedOptions extends Partial<Pick<DashboardSettings, 'connectAs' | 'signIn' | 'version'>> {
  readonly served?: ServedNames
  readonly assets?: Assets
}

/** Returns what sends a request as the page does; `sent` makes it somebody else's. */
const sendTo =
  (port: number) =>
  (method: string, path: string, { body, from, headers }: Sent = {}): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const ofPage = {
        host: pageHost,
        'sec-fetch-site': 'same-origin',
        ...(method === 'GET' ? {} : { origin: pageOrigin, 'content-type': 'application/json' }),
      }
      const isChunked = headers?.['transfer-encoding'] !== undefined
      const length = body === undefined || isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const sent = Object.entries({ ...ofPage, ...length, ...headers }).filter(([, value]) => value !== undefined)
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: Object.fromEntries(sent),
        ...(from === undefined ? {} : { localAddress: from }),
      }
      const asking = request(options, answered => {
        const { headers: got, statusCode: status = 0 } = answered
        text(answered).then(said => resolve({ status, headers: got, body: tryParseJson(said) ?? said }), reject)
      })
      asking.on('error', reject)
      asking.end(body)
    })

/** Starts a dashboard on a real socket, whose people sign in with `good-NAME` unless a test says otherwise. */
export const startServed = async ({
  assets = { document: '<html>', files: [] },
  connectAs = goodTokens,
  served = { loopback: 'any' },
  signIn = 'token',
  ...settings
}: ServedOptions = {}) => {
  const clock = fakeClock()
  const world = testEnvironment({ clock })
  const page = createDashboard(world, {
    assets,
    connectAs,
    served: () => served,
    signIn,
    version: '1.0.0',
    cluster: 'https://cluster.example.com',
    systemNamespace: 'receiver-hooks',
    sessionMs: 3_600_000,
    ...settings,
  })
  const server = await servePage(page.listener, clock, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => {
    page.close()
    server.close()
  })

  const send = sendTo(server.port)
  const write = (method: string, path: string, value: unknown, sent: Omit<Sent, 'body'> = {}): Promise<Answered> =>
    send(method, path, { ...sent, body: JSON.stringify(value) })

  return {
    clock,
    lines: world.lines,
    port: server.port,
    send,
    write,
    signIn: (token: string, sent: Omit<Sent, 'body'> = {}) => write('POST', '/api/session', { token }, sent),
    /** Opens a session, in whichever way, and sends requests in it. */
    open: async (token = 'good-alice') => {
      const body = signIn === 'key' ? { key: page.makeKey() } : { token }
      const opened = await write('POST', '/api/session', body)
      const headers = {
        cookie: [opened.headers['set-cookie']].flat()[0]?.split(';')[0],
        'x-page-key': stringAt(opened.body, 'pageKey'),
      }
      return {
        headers,
        get: (path: string, more: Readonly<Record<string, string>> = {}) =>
          send('GET', path, { headers: { ...headers, ...more } }),
        write: (method: string, path: string, value: unknown) => write(method, path, value, { headers }),
      }
    },
    /** Writes bytes, and resolves with all that comes back until the connection is closed. */
    raw: async (bytes: string): Promise<string> => {
      const socket = connect(server.port, '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      socket.write(bytes.replaceAll('HOST', pageHost))
      return await text(socket)
    },
  }
}
