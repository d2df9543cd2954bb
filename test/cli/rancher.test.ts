import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { at } from '../../src/api/json.ts'
import { objectNameRule } from '../../src/api/names.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { receiversIn } from '../../cli/rancher/receivers.ts'
import { translated } from '../../cli/rancher/translate.ts'
import { declarations } from '../../src/drivers/schemas.ts'
import { shell } from '../support/shell.ts'
import { rancherExport } from './rancher-export.ts'

const receivers = receiversIn(rancherExport) ?? []
const names = {
  services: new Map([
    ['1s5', 'Deployment/web'],
    ['ci/jenkins', 'jenkins'],
  ]),
  pool: 'MachineDeployment/workers',
}

it('an export lists a receiver of each of the drivers of Rancher', () => {
  expect(new Set(receivers.map(({ driver }) => driver))).toEqual(
    new Set(['scaleService', 'scaleHost', 'serviceUpgrade', 'forwardPost']),
  )
})

it.each(receivers)('$name becomes a hook that the schema takes, or says why not', receiver => {
  const made = translated(receiver, names)
  const wanted = { scaleService: 'scale', scaleHost: 'scaleNodes', serviceUpgrade: 'redeploy', forwardPost: 'forward' }
  const driver = new Map(Object.entries(wanted)).get(receiver.driver) ?? ''
  expect(declarations.map(({ name }) => name)).toContain(driver)
  expect(made).toMatchObject({ spec: { driver } })
})

it('a post that was passed on goes to the Service of that name, with its query', () => {
  const receiver = receivers.find(({ driver }) => driver === 'forwardPost')
  const member = { service: { name: 'jenkins', port: 8080 }, path: '/github-webhook/', query: true }
  expect(receiver && translated(receiver, names)).toEqual({
    name: 'to-jenkins',
    spec: { driver: 'forward', forward: member },
    notes: [
      'it has a new URL: give that to the sender',
      "the service ci/jenkins has to be the Service jenkins in the hook's namespace",
      'Rancher passed every header on; here, only Content-Type is passed on: name others in headers',
    ],
  })
  const withPath = (path: string) =>
    receiver && translated({ ...receiver, config: { ...receiver.config, path } }, names)
  expect(withPath('build')).toMatchObject({ spec: { forward: { path: '/build' } } })
  const refused = withPath('/a?token=b')
  expect(refused && 'refused' in refused && refused.refused).toMatch(/^spec\.forward\.path must be a path/)
  // Without a name for the service, its own name in its stack is taken.
  expect(receiver && translated(receiver, { ...names, services: new Map() })).toMatchObject({
    spec: { forward: { service: { name: 'jenkins' } } },
  })
})

it('a step of a service keeps its bounds, and refuses to pass them as Rancher did', () => {
  expect(receivers.slice(0, 2).map(receiver => translated(receiver, names))).toMatchObject([
    {
      name: 'scale-up-web',
      spec: {
        driver: 'scale',
        scale: {
          target: { kind: 'Deployment', name: 'web' },
          action: 'up',
          by: 2,
          min: 1,
          max: 8,
          overshoot: 'reject',
        },
      },
    },
    { name: 'scale-down-web', spec: { suspend: true, scale: { action: 'down', by: 1 } } },
  ])
})

describe('a receiver that removes hosts', () => {
  const fewer = receivers.find(({ name }) => name === 'fewer-hosts')
  /** Translates it with the order in which Rancher removed hosts. */
  const removing = (deleteOption: string | undefined, pool = names.pool) =>
    fewer && translated({ ...fewer, config: { ...fewer.config, deleteOption } }, { ...names, pool })

  it.each([
    ['mostRecent', 'newest'],
    ['leastRecent', 'oldest'],
  ])('removes the machines that %s removed', (deleteOption, removeFirst) => {
    expect(removing(deleteOption)).toMatchObject({ spec: { scaleNodes: { action: 'down', removeFirst } } })
  })

  it.each([['maxRecent'], [undefined]])('is refused where its order is %s, which Rancher does not know', option => {
    const refused = `deleteOption is ${option ?? 'not there'}, but must be mostRecent or leastRecent`
    expect(removing(option)).toMatchObject({ refused })
  })

  it('loses its order, and says so, where the pool chooses by itself', () => {
    const made = removing('mostRecent', 'MachinePool/workers')
    expect(made).toMatchObject({
      spec: { scaleNodes: { target: { kind: 'MachinePool' }, action: 'down' } },
      notes: expect.arrayContaining([
        'a MachinePool chooses by itself which machine goes, so deleteOption mostRecent was left out',
      ]) as unknown,
    })
    expect(made && 'spec' in made && made.spec).not.toHaveProperty('scaleNodes.removeFirst')
  })

  it.each(['Cluster', 'cluster', 'clusters.provisioning.cattle.io'])(
    'removes nodes of a pool in a Cluster of Rancher, named as %s',
    word => {
      const target = { apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', name: 'prod', pool: 'blue' }
      expect(removing('mostRecent', `${word}/prod/blue`)).toMatchObject({ spec: { scaleNodes: { target } } })
    },
  )

  it('is refused with what to add where a Cluster comes without its pool', () => {
    const refused = "say which of the Cluster's pools: --pool Cluster/prod/POOL"
    expect(removing('mostRecent', 'Cluster/prod')).toMatchObject({ refused })
  })
})

it.each([[undefined], [{}], ['app=web'], [null]])(
  'an upgrade of the services with the labels %j is refused, because it would be one of every workload',
  serviceSelector => {
    const upgrade = receivers.find(({ driver }) => driver === 'serviceUpgrade')
    expect(upgrade && translated({ ...upgrade, config: { ...upgrade.config, serviceSelector } }, names)).toMatchObject({
      refused: 'it has no serviceSelector, so it would roll out every workload in the namespace',
    })
  },
)

/** Imports receivers of these names, and returns the names of the manifests and what is said of them. */
const imported = async (...given: readonly string[]) => {
  const [first] = rancherExport.data
  const typed = shell()
  const text = JSON.stringify(given.map(name => ({ ...first, name })))
  const args = ['import', 'rancher', '-', '--service', '1s5=web']
  const input = { ...typed.shell.input, text: () => Promise.resolve(text) }
  const code = await runProgram({ entries: commands, version: '', summary: '' }, args, { ...typed.shell, input })
  const manifests = parseAllDocuments(typed.out()).map(document => at(document.toJS(), 'metadata', 'name'))
  return { code, manifests, err: typed.err() }
}

it('no two receivers become hooks of one name, because the second would replace the first', async () => {
  expect(await imported('Web Up', 'web_up', 'web-up-2', 'web-up')).toMatchObject({
    code: 0,
    manifests: ['web-up', 'web-up-2', 'web-up-2-2', 'web-up-3'],
    err: expect.stringContaining('web-up-2: its name would be web-up, which another receiver has\n') as unknown,
  })
  expect((await imported('擴大', 'уменьшить')).manifests).toEqual(['receiver', 'receiver-2'])
  const long = 'a'.repeat(253)
  expect((await imported(long, long)).manifests).toEqual([long, `${'a'.repeat(251)}-2`])
  const parts = `${'a'.repeat(250)}.bc`
  expect((await imported(parts, parts)).manifests).toEqual([parts, `${'a'.repeat(250)}-2`])
})

it.each([
  ['a'.repeat(252) + ' b', 'a'.repeat(252)],
  ['1. scale up', '1.scale-up'],
  ['web..up', 'web.up'],
  ['(web) .up-', 'web.up'],
  ['…', 'receiver'],
])('a receiver of the name %j becomes a hook of a name that Kubernetes takes', (name, expected) => {
  const [first] = receivers
  const made = first && translated({ ...first, name }, names).name
  expect(made).toBe(expected)
  expect(objectNameRule.holds(made)).toBe(true)
})

it.each([
  ['web', { name: 'web' }],
  ['deploy/web', { kind: 'Deployment', name: 'web' }],
  ['hpa/web', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' }],
  ['example.com/v1/Widget/web', { apiVersion: 'example.com/v1', kind: 'Widget', name: 'web' }],
])('a service may be %s here, as in create', (word, target) => {
  const [first] = receivers
  const services = new Map([['1s5', word]])
  expect(first && translated(first, { ...names, services })).toMatchObject({ spec: { scale: { target } } })
})

it('a pool may be named by the short name of its kind', () => {
  const hosts = receivers.find(({ driver }) => driver === 'scaleHost')
  const target = { kind: 'MachineSet', name: 'workers' }
  expect(hosts && translated(hosts, { ...names, pool: 'ms/workers' })).toMatchObject({
    spec: { scaleNodes: { target } },
  })
})

it('a service that nobody has named is asked for', () => {
  const [first] = receivers
  expect(first && translated(first, { services: new Map(), pool: undefined })).toMatchObject({
    refused: 'say which workload the service 1s5 is here: --service 1s5=Deployment/NAME',
  })
})

it.each([[{}], [[]], [{ data: [] }], ['text'], [null]])('%j lists none', json => {
  expect(receiversIn(json)).toBeUndefined()
})
