import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { tryParseJson } from '../../../src/api/json.ts'
import type { SignIn } from '../../../src/dashboard/protocol.ts'
import { dashboard } from '../../../src/dashboard/server/dashboard.ts'
import { servePage } from '../../../src/dashboard/server/http.ts'
import type { SessionConnection } from '../../../src/dashboard/server/session.ts'
import { fakeClock } from '../../support/clock.ts'
import { testEnvironment } from '../../support/environment.ts'
import { answer, scriptedConnection } from '../../support/scripted-connection.ts'

/** The API server of a token that is good. */
const knows = (user: string) => answer(201, { status: { userInfo: { username: user, groups: [] } } })

/** Takes the token `good-NAME` for the user NAME, and no other. */
const goodTokens = (token?: string): SessionConnection => {
  const user = /^good-(.*)$/.exec(token ?? '')?.[1]
  const connection = scriptedConnection(() =>
    user === undefined ? answer(401, { message: 'Unauthorized' }) : knows(user),
  )
  return { ...connection, close: () => Promise.resolve() }
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** From which address of loopback it comes. */
  readonly from?: string
}

export interface Answered {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: unknown
}

/** A dashboard on a real socket, whose people sign in with `good-NAME`. */
export const startServed = async ({
  connectAs = goodTokens,
  signIn = 'token',
}: { readonly connectAs?: (token?: string) => SessionConnection; readonly signIn?: SignIn } = {}) => {
  const clock = fakeClock()
  const world = testEnvironment({ clock })
  const page = dashboard(world, {
    signIn,
    version: '1.0.0',
    cluster: 'https://cluster.example.com',
    sessionMs: 3_600_000,
    assets: { document: '<html>', files: [] },
    connectAs,
  })
  const server = await servePage(asked => page.answer({ loopback: 'any' }, asked), world, {
    host: '127.0.0.1',
    port: 0,
  })
  onTestFinished(() => server.close())
  const host = `127.0.0.1:${server.port}`
  const origin = `http://${host}`

  const send = (method: string, path: string, { body, from, headers }: Sent = {}): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: server.port,
        method,
        path,
        agent: false,
        headers: { ...(method === 'GET' ? {} : { origin, 'content-type': 'application/json' }), ...headers },
        ...(from === undefined ? {} : { localAddress: from }),
      }
      const asking = request(options, answered => {
        text(answered).then(
          said =>
            resolve({
              status: answered.statusCode ?? 0,
              headers: answered.headers,
              body: tryParseJson(said) ?? said,
            }),
          reject,
        )
      })
      asking.on('error', reject)
      asking.end(body)
    })
  return {
    clock,
    world,
    port: server.port,
    host,
    origin,
    send,
    signIn: (token: string, sent: Omit<Sent, 'body'> = {}) =>
      send('POST', '/api/session', { ...sent, body: JSON.stringify({ token }) }),
  }
}
