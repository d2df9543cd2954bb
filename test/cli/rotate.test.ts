import { expect, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serveHttp } from '../../src/apiserver/http.ts'
import { createApiServer, type ApiServer, type ServerRequest } from '../../src/apiserver/server.ts'
import { runProgram } from '../../src/cli/program.ts'
import { commands } from '../../src/commands/registry.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { shell } from '../support/shell.ts'

const isChange = ({ method, path }: ServerRequest): boolean =>
  method === 'PATCH' && path.endsWith('/receiverhooks/web-up')

/** Sets up a hook, and a command line whose requests go through `through`. */
const setUp = async (through: (server: ApiServer) => ApiServer) => {
  const inMemory = createApiServer({ clock: nodeClock, random: nodeRandom })
  const [server, direct] = await Promise.all([through(inMemory), inMemory].map(each => serveHttp(each, { port: 0 })))
  if (!server || !direct) throw new Error('there are two servers')
  const api = connect({ server: direct.url })
  onTestFinished(async () => {
    await api.close()
    await server.close()
    await direct.close()
  })
  const post = (path: string, object: object) => send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const crd of crds) await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  await post('/api/v1/namespaces', { metadata: { name: 'shop' } })
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 } }
  await create(api, hooks, 'shop', { apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec })
  const run = async (line: string, stop = new AbortController().signal) => {
    const seen = shell({ stop })
    const args = [...line.split(' '), '-n', 'shop', '--server', server.url]
    const running = runProgram({ entries: commands, version: '', summary: '' }, args, seen.shell)
    const failed = await running.then(
      () => undefined,
      (error: unknown) => error,
    )
    return { failed, err: seen.err() }
  }
  const token = async (): Promise<unknown> => at(await read(api, hooks, 'shop', 'web-up'), 'spec', 'token')
  return { run, token }
}

/** Writes members into the status of the hook. */
const writeStatus = (server: ApiServer, status: object): void => {
  const path = objectPath(hooks, 'shop', 'web-up', 'status')
  const body = JSON.stringify({ status })
  server.handle({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
}

/** Answers as a server whose controller mints at once. `meanwhile` runs before each change. */
const withController =
  (meanwhile: (server: ApiServer, change: number) => void = () => undefined) =>
  (server: ApiServer): ApiServer => {
    let changes = 0
    return {
      ...server,
      handle: request => {
        if (isChange(request)) meanwhile(server, ++changes)
        const answer = server.handle(request)
        const rotation = at(JSON.parse(answer.body), 'spec', 'token', 'rotation')
        if (isChange(request) && answer.status === 200) writeStatus(server, { minted: { id: 'a', rotation } })
        return answer
      },
    }
  }

it('a delivery between the first look and the change is no conflict', async () => {
  const { run, token } = await setUp(
    withController((server, change) => {
      if (change < 3) writeStatus(server, { counts: { applied: change } })
    }),
  )
  expect(await run('rotate -l !none')).toMatchObject({ failed: undefined })
  expect(await token()).toMatchObject({ rotation: 1 })
})

it('a change of the hook by somebody else is a conflict', async () => {
  const { run, token } = await setUp(
    withController((server, change) => {
      if (change > 1) return
      const path = objectPath(hooks, 'shop', 'web-up')
      const body = JSON.stringify({ spec: { token: { rotation: 1 } } })
      server.handle({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
    }),
  )
  expect((await run('rotate web-up')).failed).toMatchObject({ status: 409 })
  expect(await token()).toMatchObject({ rotation: 1 })
})
