import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import { UsageError } from '../../src/commands/command.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { shell } from '../support/shell.ts'

const hook = (name: string, team: string) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name, labels: { team } },
  spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 } },
})

/** Sets up two hooks of one team and one of another in the shop, and one in the yard. `answers` is typed where something is asked. */
const setUp = async (through?: (server: ApiServer) => ApiServer) => {
  const { api, url } = await servedInMemory({ namespaces: ['shop', 'yard'], through })
  await create(api, hooks, 'shop', hook('web-up', 'a'))
  await create(api, hooks, 'shop', hook('web-down', 'a'))
  await create(api, hooks, 'shop', hook('api-up', 'b'))
  await create(api, hooks, 'yard', hook('web-up', 'a'))
  const run = async (line: string, answer?: string, clock = nodeClock) => {
    const seen = shell({ isTerminal: answer !== undefined, clock })
    const typed = { ...seen.shell, input: { ...seen.shell.input, line: () => Promise.resolve(answer ?? '') } }
    const args = [...line.split(' '), '--server', url, '-n', 'shop']
    const code = await runProgram({ entries: commands, version: '', summary: '' }, args, typed)
    return { code, err: seen.err(), out: seen.out().split('\n').filter(Boolean).toSorted() }
  }
  const suspended = async (): Promise<string[]> => {
    const all = [
      ['shop', 'api-up'],
      ['shop', 'web-down'],
      ['shop', 'web-up'],
      ['yard', 'web-up'],
    ] as const
    const found = await Promise.all(all.map(([namespace, name]) => read(api, hooks, namespace, name)))
    return all.filter((_, index) => at(found[index], 'spec', 'suspend') === true).map(names => names.join('/'))
  }
  return { api, run, suspended }
}

describe('suspend', () => {
  it.each([
    ['-l team=a', ['shop/web-down', 'shop/web-up']],
    ['--all', ['shop/api-up', 'shop/web-down', 'shop/web-up']],
    ['--all -A', ['shop/api-up', 'shop/web-down', 'shop/web-up', 'yard/web-up']],
    ['-l team=a -A', ['shop/web-down', 'shop/web-up', 'yard/web-up']],
    ['web-up api-up', ['shop/api-up', 'shop/web-up']],
  ])('%s suspends those and no other', async (chosen, expected) => {
    const { run, suspended } = await setUp()
    expect(await run(`suspend ${chosen}`)).toMatchObject({ code: 0, err: '' })
    expect(await suspended()).toEqual(expected)
  })

  it('names the namespace of a hook that is not in the one that was asked for', async () => {
    const { run } = await setUp()
    expect((await run('suspend -l team=a -A')).out).toEqual([
      'receiverhook.receiverhooks.dev/web-down suspended',
      'receiverhook.receiverhooks.dev/web-up in yard suspended',
      'receiverhook.receiverhooks.dev/web-up suspended',
    ])
  })

  it.each([
    ['suspend', 'name the hooks, or choose them with -l LABELS or --all'],
    ['suspend -A', 'name the hooks, or choose them with -l LABELS or --all'],
    ['suspend web-up --all', 'use either names or -l, --all or -A'],
    ['suspend web-up -l team=a', 'use either names or -l, --all or -A'],
    ['suspend web-up -A', 'use either names or -l, --all or -A'],
    ['suspend -l ', '-l names no labels, so it would choose every hook: use --all for that'],
    ['suspend -A --selector=', '-l names no labels, so it would choose every hook: use --all for that'],
  ])('%s is refused, and nothing is suspended', async (line, message) => {
    const { run, suspended } = await setUp()
    const running = run(line)
    await expect(running).rejects.toThrow(message)
    await expect(running).rejects.toThrow(UsageError)
    expect(await suspended()).toEqual([])
  })

  it('says that nothing was chosen', async () => {
    const { run } = await setUp()
    await expect(run('suspend -l team=c')).rejects.toThrow('no hook has the labels team=c in the namespace shop')
  })

  it('goes on where a hook cannot be suspended, and says which', async () => {
    const { run, suspended } = await setUp(server => ({
      ...server,
      handle: request =>
        request.method === 'PATCH' && request.path.endsWith('/web-down')
          ? { status: 409, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'it is being changed' }) }
          : server.handle(request),
    }))
    const { code, err } = await run('suspend --all')
    expect(code).toBe(1)
    expect(err).toMatch(/^shop\/web-down: .*it is being changed/)
    expect(err).toContain('1 of 3 hooks failed')
    expect(await suspended()).toEqual(['shop/api-up', 'shop/web-up'])
  })
})

it('resume takes what suspend takes', async () => {
  const { run, suspended } = await setUp()
  await run('suspend --all -A')
  await run('resume -l team=a')
  expect(await suspended()).toEqual(['shop/api-up', 'yard/web-up'])
})

describe('delete', () => {
  const remaining = async ({ api }: Awaited<ReturnType<typeof setUp>>): Promise<unknown> => {
    const { body } = await api.request({
      method: 'GET',
      path: collectionPath(hooks, 'shop'),
      lane: 'bulk',
      timeoutMs: 1000,
    })
    const items: unknown = at(JSON.parse(body), 'items')
    return Array.isArray(items) ? items.map(item => at(item, 'metadata', 'name')) : items
  }

  it('of chosen hooks names them before it does so', async () => {
    const x = await setUp()
    const { err } = await x.run('delete -l team=a', 'y')
    expect(err).toMatch(/^Delete shop\/web-(up|down), shop\/web-(up|down), and their URLs for good\? \[y\/N\] $/)
    expect(await remaining(x)).toEqual(['api-up'])
  })

  it('says that a named URL works again with a hook of the same name', async () => {
    const x = await setUp()
    const auth = { bearer: { secretKeyRef: { name: 'word', key: 'word' } } }
    const { spec } = hook('named', 'n')
    const named = { ...hook('named', 'n'), spec: { ...spec, auth, token: { url: 'named' } } }
    await create(x.api, hooks, 'shop', named)
    expect((await x.run('delete named', 'y')).err).toBe(
      'Delete shop/named? A named URL works again as soon as a hook has the name. [y/N] ',
    )
    await create(x.api, hooks, 'shop', named)
    expect((await x.run('delete named api-up', 'y')).err).toBe(
      'Delete shop/named, shop/api-up, and their URLs for good? A named URL works again as soon as a hook has the name. [y/N] ',
    )
  })

  it('deletes nothing without a yes', async () => {
    const x = await setUp()
    await expect(x.run('delete --all', '')).rejects.toThrow('nothing was deleted')
    expect(await remaining(x)).toEqual(['api-up', 'web-down', 'web-up'])
  })
})

describe('end', () => {
  it('has the time of the API server, because the clock of this machine may be wrong', async () => {
    const { api, run } = await setUp()
    const before = Date.now()
    await run('end web-up', undefined, { ...nodeClock, now: () => Date.parse('2020-01-01T00:00:00Z') })
    const end = Date.parse(stringAt(await read(api, hooks, 'shop', 'web-up'), 'spec', 'endBefore') ?? '')
    expect(end).toBeGreaterThan(before - 1)
    expect(end).toBeLessThan(Date.now() + 1001)
  })
})
