import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiServer, ServerRequest } from '../../apiserver/server.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { shell } from '../support/shell.ts'

const isChange = ({ method, path }: ServerRequest): boolean =>
  method === 'PATCH' && path.endsWith('/receiverhooks/web-up')

/** Sets up a hook, and a command line whose requests go through `through`. */
const setUp = async (through: (server: ApiServer) => ApiServer) => {
  const { api, url } = await servedInMemory({ through })
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 } }
  await create(api, hooks, 'shop', { apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec })
  const run = async (line: string, stop = new AbortController().signal) => {
    const seen = shell({ stop })
    const args = [...line.split(' '), '-n', 'shop', '--server', url]
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

/** Changes the spec of the hook, as another person does. */
const patchIn = (server: ApiServer, spec: object): void => {
  const body = JSON.stringify({ spec })
  const path = objectPath(hooks, 'shop', 'web-up')
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
      if (change === 1) patchIn(server, { token: { rotation: 1 } })
    }),
  )
  expect((await run('rotate web-up')).failed).toMatchObject({ status: 409 })
  expect(await token()).toMatchObject({ rotation: 1 })
})

it('the overlap of an emergency is that of one rotation', async () => {
  const { run, token } = await setUp(withController())
  expect(await run('rotate web-up --overlap 0s')).toEqual({
    failed: undefined,
    err: 'web-up has a new URL (rotation 1); the old one no longer works\n',
  })
  expect(await token()).toEqual({ rotation: 1, overlap: '5m' })
})

it('says how to restore the overlap where somebody changes the hook meanwhile, and where it would end a URL', async () => {
  const { run, token } = await setUp(
    withController((server, change) => {
      if (change === 2) patchIn(server, { suspend: true })
    }),
  )
  const line = '  receiver-hooks set web-up -n shop --token-overlap'
  expect((await run('rotate web-up --overlap 0s')).err).toMatch(
    /the object has been modified.*\nweb-up keeps the overlap 0s. Restore the previous one:\n {2}\S+ set web-up -n shop --token-overlap 5m\n$/,
  )
  expect(await token()).toEqual({ rotation: 1, overlap: '0s' })
  // To restore 0s would end the former URL at once.
  expect((await run('rotate web-up --overlap 1h')).err).toContain(
    `Once the old URL has stopped working, restore the previous one:\n${line} 0s\n`,
  )
  expect(await token()).toEqual({ rotation: 2, overlap: '1h' })
})

it('leaves an overlap alone that somebody else has set meanwhile', async () => {
  const { run, token } = await setUp(server => {
    const minting = withController()(server)
    return {
      ...minting,
      handle: request => {
        const answer = minting.handle(request)
        if (isChange(request)) patchIn(server, { token: { overlap: '10m' } })
        return answer
      },
    }
  })
  expect((await run('rotate web-up --overlap 0s')).failed).toBeUndefined()
  expect(await token()).toEqual({ rotation: 1, overlap: '10m' })
})

it.each([
  ['in time', false, 124],
  ['before Ctrl-C', true, 130],
])('says which overlap stays where no controller makes the URL %s, with the exit code', async (_, stops, exitCode) => {
  const stop = new AbortController()
  const { run, token } = await setUp(server => ({
    ...server,
    handle: request => {
      if (stops && isChange(request)) stop.abort()
      return server.handle(request)
    },
  }))
  const { err, failed } = await run(`rotate web-up --overlap 0s --timeout ${stops ? '1m' : '1ms'}`, stop.signal)
  const message: unknown = expect.stringContaining('no controller has made its URL yet')
  expect(failed).toMatchObject({ exitCode, message })
  expect(err).toContain('  receiver-hooks set web-up -n shop --token-overlap 5m\n')
  expect(await token()).toEqual({ rotation: 1, overlap: '0s' })
})
