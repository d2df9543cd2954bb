import { describe, expect, it } from 'vitest'
import { at, isObject } from '../../src/api/json.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { crds } from '../../src/drivers/registry.ts'
import { read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { shell } from '../support/shell.ts'

/** Sets up a cluster whose definitions of kinds are these, and a command line. */
const setUp = async (definitions?: readonly object[]) => {
  const { api, url } = await servedInMemory({ definitions })
  const seenOf = async (line: string) => {
    const seen = shell()
    const args = [...line.split(' '), '-n', 'shop', '--server', url]
    await runProgram({ entries: commands, version: '', summary: '' }, args, seen.shell)
    return seen
  }
  const run = async (line: string): Promise<string> => (await seenOf(line)).out()
  const errorsOf = async (line: string): Promise<string> => (await seenOf(line)).err()
  const spec = async (name: string): Promise<unknown> => at(await read(api, hooks, 'shop', name), 'spec')
  return { errorsOf, run, spec }
}

const create = 'create web-up --driver scale --action up --max 3 -o name'

describe('an older definition, which does not know a field', () => {
  /** Returns the definitions as they were before hooks had `cooldown`. */
  const older = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(older)
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => (name === 'cooldown' ? [] : [[name, older(member)]])),
    )
  }

  it.each([
    ['create', `${create} --target web --cooldown 1m`],
    ['set', 'set db-up --cooldown 1m'],
    ['clone', 'clone db-up web-up --cooldown 1m'],
  ])('refuses the field from %s, and drops nothing silently', async (_, line) => {
    const { run, spec } = await setUp(crds.map(older).filter(isObject))
    await run(create.replace('web-up', 'db-up --target db'))
    const before = await spec('db-up')
    await expect(run(line)).rejects.toThrow('unknown field "spec.cooldown"')
    expect([await spec('web-up'), await spec('db-up')]).toEqual([undefined, before])
  })
})

describe('set --target', () => {
  it('takes a name as create does: it is a Deployment', async () => {
    const { run, spec } = await setUp()
    await run(`${create} --target hpa/db`)
    const target = async (): Promise<unknown> => at(await spec('web-up'), 'scale', 'target')
    expect(await target()).toMatchObject({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' })
    await run('set web-up --target web')
    expect(await target()).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' })
    await run('set web-up --target sts/db --max 4')
    expect(await target()).toEqual({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' })
  })

  it('keeps no pool of the former Cluster, and takes one that is named', async () => {
    const { run, spec } = await setUp()
    await run('create more --driver scaleNodes --target cl/blue --target-pool workers --action up --max 3 -o name')
    const target = async (): Promise<unknown> => at(await spec('more'), 'scaleNodes', 'target')
    const cluster = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster' }
    expect(await target()).toEqual({ ...cluster, name: 'blue', pool: 'workers' })
    await run('set more --target-pool others')
    expect(await target()).toEqual({ ...cluster, name: 'blue', pool: 'others' })
    await run('set more --target cl/green --target-pool workers')
    expect(await target()).toEqual({ ...cluster, name: 'green', pool: 'workers' })
    await run('set more --target md/green')
    expect(await target()).toEqual({ ...cluster, kind: 'MachineDeployment', name: 'green' })
  })
})

it.each([
  ['set', 'set to-ci --service-name other', 'to-ci'],
  ['clone', 'clone to-ci copy --service-name other -o name', 'copy'],
])('%s keeps the port of a Service whose name it changes', async (_, line, name) => {
  const { run, spec } = await setUp()
  await run('create to-ci --driver forward --service-name jenkins --service-port http -o name')
  await run(line)
  expect(at(await spec(name), 'forward', 'service')).toEqual({ name: 'other', port: 'http' })
})

it.each([
  ['set', 'set push --selector app=api', 'push'],
  ['clone', 'clone push copy --selector app=api -o name', 'copy'],
])('%s --selector replaces all labels, as it replaces a list', async (_, line, name) => {
  const { run, spec } = await setUp()
  await run('create push --driver redeploy --selector app=web --selector tier=front -o name')
  await run(line)
  expect(at(await spec(name), 'redeploy', 'selector', 'matchLabels')).toEqual({ app: 'api' })
})

describe('an empty --selector', () => {
  it.each(['set push --selector=', 'create all --driver restart --selector=', 'clone push copy --selector='])(
    'makes no hook for every workload: %s is refused',
    async line => {
      const { run, spec } = await setUp()
      await run('create push --driver redeploy --selector app=web -o name')
      await expect(run(line)).rejects.toThrow(/must have either target or selector/)
      expect(at(await spec('push'), 'redeploy', 'selector')).toEqual({ matchLabels: { app: 'web' } })
    },
  )

  it('takes the selector away where a target comes in its place', async () => {
    const { run, spec } = await setUp()
    await run('create push --driver redeploy --selector app=web -o name')
    await run('set push --selector= --target web')
    expect(await spec('push')).toMatchObject({ redeploy: { target: { kind: 'Deployment', name: 'web' } } })
    expect(at(await spec('push'), 'redeploy', 'selector')).toBeUndefined()
  })
})

it.each([
  ['--cooldown 1m', 'web-up keeps its URL in the Secret web-up-url; copy has it in its status\n'],
  ['--token-overlap 1m', 'web-up keeps its URL in the Secret web-up-url; copy has it in its status\n'],
  ['--token-secret-name copy-url', ''],
])('clone with %s says whether the copy has no Secret for its URL', async (flag, said) => {
  const { errorsOf, run } = await setUp()
  await run(`${create} --target web --token-secret-name web-up-url`)
  expect(await errorsOf(`clone web-up copy ${flag} -o name`)).toBe(said)
})
