import { at, listAt, parseJson } from '../../../src/api/json.ts'
import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { isStoredObject } from '../../../src/api/object.ts'
import { deployment } from '../../support/objects.ts'
import { rowsIn, partsIn } from '../rows.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import { wallClock, type Simulation } from '../simulation.ts'
import type { Actor } from './actor.ts'
import { putAutoscaler, removeAutoscaler } from './outside.ts'
import { deploymentsPath, hooksPath, shop } from './paths.ts'

/** The Deployment whose fields are held. Nothing else is aimed at it. */
export const night = 'night'

/** Two hooks hold its count, two hold its switch, and one steps the count. */
const counting = ['hold-count-a', 'hold-count-b'] as const
const switching = ['hold-switch-a', 'hold-switch-b'] as const
const stepping = 'hold-step'
export const namesOfHolds: readonly string[] = [...counting, ...switching, stepping]

export const isStepping = (hook: string): boolean => hook === stepping

const nightPath = `${deploymentsPath}/${night}`

/** How long a hold lasts. What lasts longest ends only because somebody says so. */
const lengths = ['1s', '3s', '6s', '12s', '1h'] as const

const anyTo = (rng: Rng): number | string => rng.pick([0, 0, 3, 'base', 'base'])

const newHoldHook = (rng: Rng, name: string): object => ({
  apiVersion,
  kind: hookKind,
  metadata: { name },
  spec: {
    ...(name === stepping
      ? {
          driver: 'scale',
          scale: { target: { name: night }, action: 'up', by: rng.int(1, 2), min: 0, max: 1000 },
        }
      : {
          driver: 'hold',
          hold: { target: { name: night }, ...(counting.some(hook => hook === name) && { to: anyTo(rng) }) },
        }),
    for: rng.pick(lengths),
    onResolved: rng.pick(['ignore', 'undo']),
  },
})

/** Makes the Deployment, and hooks for its count, its switch or both. Returns the names of the hooks. */
export const makeHolds = (rng: Rng, made: (path: string, object: object) => void): readonly string[] => {
  const object = deployment(night, rng.int(1, 6))
  const paused = rng.chance(0.4) ? false : undefined
  made(deploymentsPath, { ...object, spec: { ...object.spec, ...(paused !== undefined && { paused }) } })
  const names = rng.pick([[...counting, stepping], [...counting], [...switching], namesOfHolds, namesOfHolds])
  for (const name of names) made(hooksPath, newHoldHook(rng, name))
  return names
}

/** People edit how long a hook holds, and at which value; end what it holds; or delete it and make it again. */
export const editHolds =
  ({ server, time }: Simulation, names: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(names)
    // What the step hook has leased would stay.
    if (rng.chance(0.15) && !isStepping(name)) {
      did(`deletes ${name}`)
      server.send('DELETE', `${hooksPath}/${name}`, undefined, { query: { propagationPolicy: 'Orphan' } })
      await sleep(rng.pick([0, rng.int(0, 1000), rng.int(0, 5000)]))
      did(`makes ${name} again`)
      server.send('POST', hooksPath, newHoldHook(rng, name))
      return
    }
    const spec = rng.pick<() => object>([
      () => ({ for: rng.pick(lengths) }),
      () => (counting.some(hook => hook === name) ? { hold: { to: anyTo(rng) } } : {}),
      () => ({ endBefore: rfc3339(wallClock(time) + rng.pick([0, 0, 1000, 3000])) }),
    ])()
    const { status } = server.send('PATCH', `${hooksPath}/${name}`, { spec })
    did(`edits ${name} ${JSON.stringify(spec)}: ${status}`)
  }

/** Somebody else sets a field of the Deployment, or says again what it is, in one of the ways of people and Git. */
export const speakOfHeld =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const now: unknown = at(parseJson(server.send('GET', nightPath).body), 'spec')
    const field = rng.pick(['replicas', 'paused'])
    const is: unknown = at(now, field)
    const other = field === 'paused' ? rng.pick([true, false, null]) : rng.int(0, 7)
    const edit = (value: unknown): void => {
      const query = { fieldManager: rng.pick(['kubectl-edit', 'kubectl-patch']) }
      const { status } = server.send('PATCH', nightPath, { spec: { [field]: value } }, { query })
      did(`somebody sets ${field} of ${night} to ${JSON.stringify(value)}: ${status}`)
    }
    const apply = (value: unknown, force: 'true' | 'false'): void => {
      const applied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: night }, spec: { [field]: value } }
      const { status } = server.send('PATCH', nightPath, applied, {
        query: { fieldManager: `gitops-${field}`, force },
        contentType: 'application/apply-patch+yaml',
      })
      did(`Git applies ${field} of ${night} as ${JSON.stringify(value)}: ${status}`)
    }
    switch (rng.pick(['edit', 'edit', 'there and back', 'the same', 'by force', 'aside'] as const)) {
      case 'edit':
        return edit(other)
      case 'there and back':
        edit(other)
        await sleep(rng.pick([0, 10, 200]))
        return edit(is ?? null)
      case 'the same':
        return is === undefined ? undefined : apply(is, 'false')
      case 'by force':
        return apply(other ?? false, 'true')
      case 'aside':
        server.send('PATCH', nightPath, { metadata: { annotations: { note: String(rng.int(0, 9)) } } })
    }
  }

/** An autoscaler that moves the count while it is not 0. With `isSeen` the product sees it. */
export const autoscaleHeld =
  (server: SimulatedServer, isSeen: boolean) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const move = (): void => {
      const is: unknown = at(parseJson(server.send('GET', nightPath).body), 'spec', 'replicas')
      if (is === 0) return
      const replicas = is === 5 ? 4 : 5
      const query = { fieldManager: 'kube-controller-manager' }
      const { status } = server.send('PATCH', `${nightPath}/scale`, { spec: { replicas } }, { query })
      did(`an autoscaler sets ${night} to ${replicas}: ${status}`)
    }
    if (isSeen) putAutoscaler(server, night)
    for (let turn = rng.int(1, 4); turn > 0; turn--) {
      await sleep(rng.int(10, 1500))
      move()
    }
    if (isSeen) removeAutoscaler(server, night)
  }

/** Deploys the Deployment again: deletes it, and after a while makes it again. */
export const recreateHeld =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    did(`deletes ${night}`)
    server.send('DELETE', nightPath)
    await sleep(rng.int(0, 3000))
    did(`makes ${night} again`)
    server.send('POST', deploymentsPath, deployment(night, rng.int(1, 6)))
  }

/** Lets end what ends by nothing else, and what is held from then on end soon. */
export const endHolds = ({ server, time }: Pick<Simulation, 'server' | 'time'>, names: readonly string[]): void => {
  for (const name of names)
    // It is written in whole seconds.
    server.send('PATCH', `${hooksPath}/${name}`, { spec: { endBefore: rfc3339(wallClock(time) + 1000), for: '2s' } })
}

/** What the records of these hooks still have to end; undefined where that is nothing. */
export const stillHeld = (server: SimulatedServer, names: readonly string[]): string | undefined => {
  const list = parseJson(server.send('GET', `/apis/${apiVersion}/namespaces/${shop}/${recordPlural}`).body)
  const open = listAt(list, 'items').flatMap(record => {
    if (!isStoredObject(record) || !names.includes(record.metadata.name)) return []
    const { content, metadata } = record
    const isOpen = partsIn(content).length > 0 || rowsIn(content).some(({ claim }) => claim)
    return isOpen ? [metadata.name] : []
  })
  return open.length === 0 ? undefined : `${open.join(', ')} still holds something`
}
