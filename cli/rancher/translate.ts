import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import { nameLength } from '../../src/api/names.ts'
import { violations } from '../../src/api/guard.ts'
import { ordered } from '../../src/drivers/scale-nodes/schema.ts'
import { declarations, hookSpecSchema } from '../../src/drivers/schemas.ts'
import { withDefaults } from '../spec/defaults.ts'
import { kindNamed } from '../spec/kinds.ts'
import type { Receiver } from './receivers.ts'

/** The names in this cluster for Rancher's names, as the user gave them. */
export interface Names {
  /** Workloads such as `StatefulSet/db` or `web`, by Rancher's service id or by `stack/service`. */
  readonly services: ReadonlyMap<string, string>
  /** The node pool of the hosts, such as `MachineDeployment/workers`, or `Cluster/prod/workers` for one in a Cluster of Rancher. */
  readonly pool: string | undefined
}

export type Translated =
  | { readonly name: string; readonly spec: JsonObject; readonly notes: readonly string[] }
  | { readonly name: string; readonly refused: string }

/**
 * Returns the hook for a receiver, with a note for each part that could not be translated. If no
 * hook is possible, returns the reason.
 */
export const translated = (receiver: Receiver, names: Names): Translated => {
  const name = objectName(receiver.name)
  const made = translatorOf(receiver.driver)?.(receiver.config, names)
  if (made === undefined) return { name, refused: `Rancher's driver ${receiver.driver} is not known` }
  if (typeof made === 'string') return { name, refused: made }
  const { driver, member, notes } = made
  if (!declarations.some(declared => declared.name === driver)) {
    return { name, refused: `${receiver.driver} would be the driver ${driver}, which this version does not have yet` }
  }
  const spec = { driver, [driver]: member, ...(receiver.active ? {} : { suspend: true }) }
  const [wrong] = violations(hookSpecSchema, withDefaults(hookSpecSchema, spec), 'spec')
  if (wrong) return { name, refused: `${wrong.path} ${wrong.message}` }
  return {
    name,
    spec,
    notes: [
      'it has a new URL: give that to the sender',
      ...(name === receiver.name ? [] : [`its name was ${receiver.name}`]),
      ...(receiver.active ? [] : ['it was not active, and is suspended']),
      ...notes,
    ],
  }
}

interface Made {
  readonly driver: string
  readonly member: JsonObject
  readonly notes: readonly string[]
}

type Translate = (config: JsonObject, names: Names) => Made | string

const translatorOf = (driver: string): Translate | undefined => {
  switch (driver) {
    case 'scaleService':
      return scaleService
    case 'scaleHost':
      return scaleHost
    case 'serviceUpgrade':
      return serviceUpgrade
    case 'forwardPost':
      return forwardPost
    default:
      return undefined
  }
}

/**
 * Returns the action, its amount and its bounds. `overshoot` is `reject`, because Rancher answered
 * 400 to a step beyond a bound.
 */
const bounds = (config: JsonObject): JsonObject => ({
  action: config['action'],
  by: config['amount'] ?? 1,
  min: config['min'] ?? 1,
  max: config['max'] ?? 100,
  overshoot: 'reject',
})

const scaleService: Translate = (config, { services }) => {
  const id = stringAt(config, 'serviceId') ?? ''
  const target = services.get(id)
  if (target === undefined) return `say which workload the service ${id} is here: --service ${id}=Deployment/NAME`
  return {
    driver: 'scale',
    member: { target: reference(target, 'apps/v1'), ...bounds(config) },
    notes: ['Rancher had no undo and no cooldown: see onResolved and cooldown'],
  }
}

const scaleHost: Translate = (config, { pool }) => {
  const labels = labelsOf(config, 'hostSelector')
  if (pool === undefined) return `say which node pool the hosts ${labels} are here: --pool MachineDeployment/NAME`
  const target = poolOf(pool)
  if (typeof target === 'string') return target
  const notes = [`hosts were chosen by ${labels}: a pool is chosen by its name`]
  const made = { driver: 'scaleNodes', member: { target, ...bounds(config) }, notes }
  if (stringAt(config, 'action') !== 'down') return made
  const option = stringAt(config, 'deleteOption') ?? 'not there'
  const removeFirst = orders.get(option)
  if (removeFirst === undefined) return `deleteOption is ${option}, but must be ${[...orders.keys()].join(' or ')}`
  const { kind = 'MachineDeployment' } = target
  if (ordered.includes(kind)) return { ...made, member: { ...made.member, removeFirst } }
  const leftOut = `a ${kind} chooses by itself which machine goes, so deleteOption ${option} was left out`
  return { ...made, notes: [...notes, leftOut] }
}

/** Returns the target for a pool. If a Cluster comes without one of its pools, returns what to add. */
const poolOf = (word: string): (JsonObject & { readonly kind?: string }) | string => {
  const [kindWord = '', name, pool] = word.split('/')
  if (!/^clusters?(?:\.provisioning\.cattle\.io)?$/i.test(kindWord)) return reference(word, 'cluster.x-k8s.io/v1beta2')
  if (pool === undefined) return `say which of the Cluster's pools: --pool ${word}/POOL`
  return { apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', name, pool }
}

/** The values of `removeFirst`, by Rancher's `deleteOption`. Rancher accepts no other word. */
const orders: ReadonlyMap<string, string> = new Map([
  ['mostRecent', 'newest'],
  ['leastRecent', 'oldest'],
])

const serviceUpgrade: Translate = config => {
  const labels = at(config, 'serviceSelector')
  if (!isObject(labels) || Object.keys(labels).length === 0) {
    return 'it has no serviceSelector, so it would roll out every workload in the namespace'
  }
  const tag = stringAt(config, 'tag')
  return {
    driver: 'redeploy',
    member: {
      selector: { matchLabels: labels },
      ...(tag === undefined ? {} : { tags: { exact: [tag] } }),
    },
    notes: [
      'services were chosen by their Rancher labels: the workloads need the same labels',
      ...(config['batchSize'] === undefined && config['startFirst'] === undefined
        ? []
        : ["batchSize, intervalMillis and startFirst are the workload's strategy here (maxSurge, maxUnavailable)"]),
    ],
  }
}

const forwardPost: Translate = (config, { services }) => {
  const service = stringAt(config, 'serviceName') ?? ''
  const name = services.get(service) ?? service.split('/').at(-1) ?? ''
  const port = config['port']
  const path = stringAt(config, 'path') ?? ''
  return {
    driver: 'forward',
    member: {
      service: { name: nameIn(name), port: typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port },
      // Rancher took a path without the slash, too.
      path: path.startsWith('/') ? path : `/${path}`,
      query: true,
    },
    notes: [
      `the service ${service} has to be the Service ${nameIn(name)} in the hook's namespace`,
      'Rancher passed every header on; here, only Content-Type is passed on: name others in headers',
    ],
  }
}

const nameIn = (word: string): string => word.split('/').at(-1) ?? word

/**
 * Returns the reference for `web`, `deploy/web` or `example.com/v1/Widget/web`. `byDefault` is the
 * apiVersion of a reference that names none.
 */
const reference = (
  word: string,
  byDefault: string,
): { readonly apiVersion?: string; readonly kind?: string; readonly name: string } => {
  const [name = '', kindWord, ...version] = word.split('/').toReversed()
  if (kindWord === undefined) return { name }
  const known = kindNamed(kindWord)
  const apiVersion = version.length > 0 ? version.toReversed().join('/') : known?.apiVersion
  const isWritten = apiVersion !== undefined && apiVersion !== byDefault
  return { ...(isWritten && { apiVersion }), kind: known?.kind ?? kindWord, name }
}

const labelsOf = (config: JsonObject, member: string): string => {
  const labels = config[member]
  const pairs = isObject(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`) : []
  return pairs.length === 0 ? '(without a selector)' : pairs.join(',')
}

/** Returns the name of a receiver in a form that Kubernetes accepts. Rancher allowed any text. */
const objectName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .slice(0, nameLength)
    .split('.')
    .map(part => part.replaceAll(/^-+|-+$/g, ''))
    .filter(part => part !== '')
    .join('.') || 'receiver'

/** Returns the name, or one with a number at its end if the name is taken. */
export const untakenName = (name: string, taken: ReadonlySet<string>): string => {
  let free = name
  for (let number = 2; taken.has(free); number++) {
    // Before the number there must not be the end of a part, such as a dot.
    free = `${name.slice(0, nameLength - `-${number}`.length).replace(/[.-]+$/, '')}-${number}`
  }
  return free
}
