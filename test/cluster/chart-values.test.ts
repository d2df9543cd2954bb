import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { at, isObject, parseJson, type JsonObject } from '../../src/api/json.ts'
import { kindOf, objectsIn } from '../deploy/manifests.ts'
import { chart, helm } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { fc } from '../support/property.ts'
import { startControlPlane } from './control-plane/control-plane.ts'

interface Leaf {
  readonly path: readonly string[]
  readonly schema: JsonObject
}

const leavesOf = (schema: unknown, path: readonly string[] = []): readonly Leaf[] => {
  const members = at(schema, 'properties')
  if (isObject(members)) return Object.entries(members).flatMap(([name, one]) => leavesOf(one, [...path, name]))
  return isObject(schema) ? [{ path, schema }] : []
}

const url = 'https://hooks.example.com'
const port = { ports: [{ port: 15_008 }] }
const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }
const term = { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }

/** What a value may be if its schema does not say it, by the end of its path. */
const samples: Readonly<Record<string, readonly unknown[]>> = {
  imageRegistry: ['registry.example.com:5000/team'],
  imagePullSecrets: [[{ name: 'pull' }]],
  registry: ['registry.example.com', 'docker.io/library'],
  repository: ['team/hooks'],
  tag: ['v1'],
  digest: [`sha256:${'0a'.repeat(32)}`],
  publicURL: [url, 'http://hooks.example.com/below'],
  endpoint: ['http://collector.monitoring.svc:4318'],
  issuers: [['https://token.actions.githubusercontent.com', `${url},keys=cluster`]],
  resources: [{}, { requests: { cpu: '1' }, limits: { memory: '1Gi' } }],
  tolerations: [[{ operator: 'Exists' }]],
  affinity: [{ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } }],
  priorityClassName: ['system-cluster-critical'],
  topologySpreadConstraints: [[spread]],
  extraArgs: [['--host=::1', '--log-level=debug']],
  extraEnv: [[{ name: 'NODE_OPTIONS', value: '--max-old-space-size=200' }]],
  url: ['https://page.example.com'],
  trafficDistribution: ['', 'PreferSameNode'],
  className: ['nginx'],
  host: ['hooks.example.com'],
  tlsSecretName: ['tls'],
  parentRefs: [[{ name: 'gateway' }]],
  hostnames: [['hooks.example.com']],
  postsFrom: [[{ namespaceSelector: {} }], [{ ipBlock: { cidr: '10.0.0.0/8' } }]],
  monitoringNamespace: ['observe'],
  apiServerPorts: [[443], [8443, 16_443]],
  extraIngress: [[port]],
  extraEgress: [[port]],
  interval: ['15s'],
  extraObjects: [
    [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more' } }],
    ["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'more-{{ .Release.Name }}'}"],
  ],
  watchNamespaces: [['shop'], ['shop', 'yard']],
}

/** Returns what a value may be. */
const candidatesOf = ({ path, schema }: Leaf): readonly unknown[] => {
  const given = samples[path.at(-1) ?? '']
  if (given) return given
  const { additionalProperties, enum: words, items, minimum, type } = schema
  if (Array.isArray(words)) return words
  if (items !== undefined && path.at(-1) === 'namespaces') return [['shop'], ['yard', 'shop']]
  if (at(additionalProperties, 'type') === 'array') return [{ shop: ['hooks', 'others'], yard: ['hooks'] }]
  if (at(additionalProperties, 'type') === 'string') return [{ team: 'shop', 'example.com/order': '007' }]
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  const ofTypes = types.flatMap((one): readonly unknown[] => {
    if (one === 'boolean') return [true, false]
    if (one === 'null') return [null]
    if (one === 'integer') return [Number(minimum ?? 1), Number(minimum ?? 1) + 20]
    return one === 'string' ? ['50%'].filter(() => types.includes('integer')) : []
  })
  return ofTypes
}

const put = (values: JsonObject, [first = '', ...rest]: readonly string[], value: unknown): JsonObject => {
  const inside = values[first]
  return { ...values, [first]: rest.length === 0 ? value : put(isObject(inside) ? inside : {}, rest, value) }
}

/** What the chart asks for where some values are set. */
const start: JsonObject = {
  image: { registry: 'docker.io/library' },
  dashboard: { url: 'https://page.example.com' },
  ingress: { host: 'hooks.example.com' },
  httpRoute: { parentRefs: [{ name: 'gateway' }] },
}

/** Returns whether the chart takes a value: where one pod has both roles, there are no arguments of a controller. */
const mayBeSet = (path: string, isSingle: boolean): boolean => !isSingle || !path.startsWith('controller.extra')

/** Kinds of others, which the API server does not know. */
const others = new Set(['PodMonitor', 'PrometheusRule', 'HTTPRoute'])

const leaves = leavesOf(parseJson(readFileSync(`${chart}/values.schema.json`, 'utf8')))
/** How many sets of values are tried. In each, about half of the values are set. */
const cases = 18

let kubeconfig = ''
let folder = ''
let stop = async (): Promise<void> => undefined
beforeAll(async () => {
  const plane = await startControlPlane()
  ;({ kubeconfig, folder, stop } = plane)
  for (const name of ['receiver-hooks', 'shop', 'yard']) await kubectl(kubeconfig, ['create', 'namespace', name])
}, 120_000)

it('each value of the schema can be set', () => {
  expect(leaves.filter(leaf => candidatesOf(leaf).length === 0).map(({ path }) => path.join('.'))).toEqual([])
})

it('an API server takes what the chart makes of any values', { timeout: 900_000 }, async () => {
  onTestFinished(stop)
  const some = fc.tuple(
    ...leaves.map(leaf => fc.option(fc.constantFrom(...candidatesOf(leaf)), { nil: undefined, freq: 2 })),
  )
  const taken = new Set<string>()
  const tried = async (chosen: readonly unknown[]): Promise<void> => {
    const given = leaves.map(({ path }, index) => ({ path, name: path.join('.'), value: chosen[index] }))
    const isSingle = given.some(({ name, value }) => name === 'single' && value === true)
    // The chart refuses requests without the policy.
    const asks = given.some(({ name, value }) => name === 'requests.enabled' && value === true)
    const isMeant = (name: string): boolean => mayBeSet(name, isSingle) && !(asks && name === 'admissionPolicy.enabled')
    const set = given.filter(({ name, value }) => value !== undefined && isMeant(name))
    const values = set.reduce((all, { path, value }) => put(all, path, value), start)
    const file = join(folder, 'values.yaml')
    writeFileSync(file, stringify(values))
    const made = await helm('template', 'receiver-hooks', chart, '-n', 'receiver-hooks', '--skip-tests', '-f', file)
    expect({ values, stderr: made.stderr }).toEqual({ values, stderr: '' })
    const objects = objectsIn(made.stdout).filter(object => isObject(object) && !others.has(kindOf(object)))
    const manifests = objects.map(object => stringify(object)).join('---\n')
    const args = ['apply', '--dry-run=server', '--validate=strict', '-f', '-']
    const { stderr } = await kubectl(kubeconfig, args, manifests)
    expect({ values, stderr }).toEqual({ values, stderr: '' })
    for (const { name } of set) taken.add(name)
  }
  for (const chosen of fc.sample(some, { numRuns: cases, seed: 1 })) await tried(chosen)
  expect(leaves.map(({ path }) => path.join('.')).filter(name => !taken.has(name))).toEqual([])
})
