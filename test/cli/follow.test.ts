import { expect, it, onTestFinished } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import { explain } from '../../cli/explain.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { shell } from '../support/shell.ts'

/** Sets up a hook, and a command line whose requests go through `through`. */
const setUp = async (through?: (server: ApiServer) => ApiServer) => {
  const { post, url } = await servedInMemory({ through })
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 } }
  await post(collectionPath(hooks, 'shop'), { apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec })
  const start = (line: string) => {
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const seen = shell({ stop: stop.signal })
    const args = [...line.split(' '), '-n', 'shop', '--server', url]
    return { ...seen, running: runProgram({ entries: commands, version: '', summary: '' }, args, seen.shell), stop }
  }
  return { start }
}

it.each([['watch'], ['get -w'], ['get -w rhook/web-up']])(
  '%s says that the API server is lost, and that it is there again',
  async line => {
    let isLost = false
    let cut: (() => void) | undefined
    const lost = { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'it restarts' }) }
    const { start } = await setUp(server => ({
      ...server,
      handle: request => (isLost ? lost : server.handle(request)),
      watch: (request, sink) => {
        if (isLost) return lost
        cut = () => {
          isLost = true
          sink.end()
        }
        return server.watch(request, sink)
      },
    }))
    const { err, out, running, stop } = start(line)
    await expect.poll(() => out() + err()).toMatch(/web-up|watching/)
    await expect.poll(() => cut).toBeDefined()
    cut?.()
    await expect.poll(err).toMatch(/nothing new can be shown: .*; trying again\n$/)
    isLost = false
    await expect.poll(err).toMatch(/trying again\nthe API server is back\n$/)
    stop.abort()
    expect(await running).toBe(0)
  },
)

it('get -w of a hook that is not there ends at once', async () => {
  const { start } = await setUp()
  await expect(start('get -w web-dwon').running).rejects.toThrow(
    'there is no hook web-dwon in the namespace shop; it has web-up',
  )
})

it('get says how many hooks it leaves out, because it does not understand them', async () => {
  const { start } = await setUp(server => ({
    ...server,
    handle: request => {
      const answer = server.handle(request)
      return request.method === 'GET'
        ? { ...answer, body: answer.body.replace(/"creationTimestamp":"[^"]*",?/, '') }
        : answer
    },
  }))
  const { err, running } = start('get')
  expect(await running).toBe(0)
  expect(err()).toBe("left out: 1 hook that this version can't read\n")
})

it.each([['watch'], ['get -w']])('%s says which right is missing to whoever may list, and not watch', async line => {
  const message =
    'receiverhooks.receiverhooks.dev is forbidden: User "ann" cannot watch resource "receiverhooks" in API group "receiverhooks.dev" in the namespace "shop"'
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Forbidden', code: 403 }
  const refused = { status: 403, headers: {}, body: JSON.stringify({ ...status, details: { kind: 'x'.repeat(500) } }) }
  const { start } = await setUp(server => ({ ...server, watch: () => refused }))
  const failed: unknown = await start(line).running.catch((error: unknown) => error)
  expect(explain(failed, { program: 'receiver-hooks' })).toEqual({
    exitCode: 1,
    message: `ann may not watch receiverhooks in the namespace shop. Someone with this right can grant it:
  kubectl -n shop create role receiverhooks-watch --verb=watch --resource=receiverhooks.receiverhooks.dev
  kubectl -n shop create rolebinding receiverhooks-watch-ann --role=receiverhooks-watch --user=ann
Anyone who may read a hook has its URL, and so may run it.`,
  })
})

const failing = (status: number, message: string) => (server: ApiServer) => ({
  ...server,
  handle: () => ({ status, headers: {}, body: JSON.stringify({ kind: 'Status', message }) }),
})

it('doctor says of an API server that is not ready to look at that', async () => {
  const { start } = await setUp(failing(503, 'it starts'))
  const { out, running } = start('doctor')
  expect(await running).toBe(1)
  expect(out()).toMatch(/^failure {2}definitions: .*: the API server answered 503: it starts$/m)
  expect(out()).not.toContain('are not served')
})

it('doctor says to somebody whom the API server does not know to log in', async () => {
  const { start } = await setUp(failing(401, 'Unauthorized'))
  const failed: unknown = await start('doctor').running.catch((error: unknown) => error)
  const { exitCode, message } = explain(failed, { program: 'receiver-hooks' })
  expect([exitCode, message]).toEqual([1, expect.stringContaining('does not know who you are: log in again')])
})
