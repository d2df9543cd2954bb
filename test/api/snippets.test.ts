import { describe, expect, inject, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { cronJobType } from '../../src/drivers/run-job/jobs.ts'
import { declarations } from '../../src/drivers/schemas.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { senders } from '../../src/senders/registry.ts'
import { snippetHook } from '../../cli/snippets/hook.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { writeSnippet } from '../../cli/snippets/write.ts'
import { machineDeployments } from '../../src/steps/target/pools.ts'
import { knownBodies } from '../senders/bodies.ts'
import { authSpecs } from '../snippets/known-hooks.ts'
import { filledIn, headersOf, held, products } from '../snippets/products.ts'
import { define, make } from '../support/counted.ts'
import { definitionOf } from '../support/definition.ts'
import { cluster, deployments, post, product, type Cluster, withAnswer } from '../support/product.ts'

/** Every configuration for every kind of hook, pasted as its product reads it, and posted to the hook for real. */

const driverSpecs: Readonly<Record<string, object>> = {
  scale: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 100_000 } },
  scaleNodes: { driver: 'scaleNodes', scaleNodes: { target: { name: 'workers' }, action: 'up', max: 100_000 } },
  redeploy: { driver: 'redeploy', redeploy: { target: { name: 'pushed' }, tags: { glob: '*' } } },
  'redeploy-restart': {
    driver: 'redeploy',
    redeploy: { target: { name: 'pushed' }, tags: { glob: '*' }, withoutImage: 'restart' },
  },
  restart: { driver: 'restart', restart: { target: { name: 'pushed' } } },
  runJob: { driver: 'runJob', runJob: { cronJob: 'pushed', body: 'env' } },
  forward: { driver: 'forward', forward: { service: { name: 'pushed', port: 80 } } },
  hold: { driver: 'hold', hold: { target: { name: 'web' }, to: 0 }, for: '1h' },
}

const machine = {
  clusterName: 'prod',
  bootstrap: { dataSecretName: 'none' },
  infrastructureRef: { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'DockerMachineTemplate', name: 'workers' },
}

const poolDefinition = definitionOf(
  machineDeployments,
  {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { replicas: { type: 'integer' } },
      },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  {
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  },
)

/** Returns a post as a product makes it: one that fires, or that names an image; else any. */
const bodyOf = (name: string) => {
  const its = knownBodies.filter(({ sender }) => sender === name)
  const known =
    its.find(({ says }) => says.pushes?.length === 1) ?? its.find(({ says }) => says.phase === 'firing') ?? its[0]
  return known?.message ?? { headers: {}, json: { application: 'shop' } }
}

/** Everything that a body above pushes, under a former tag. */
const images = [...new Set(snippets.flatMap(({ name }) => pushedBy(name)))]

function pushedBy(name: string): readonly string[] {
  const said = knownBodies.filter(({ sender }) => sender === name).find(({ says }) => says.pushes?.length === 1)
  return (said?.says.pushes ?? []).map(push =>
    (push.split('@')[0] ?? '').replace(/^\?/, 'registry.example.com:8082').replace(/:[^:/]*$/, ''),
  )
}

/** Makes a pool of nodes, and its kind where nobody has defined that: Cluster API itself is not needed to count. */
const makePool = async (here: Cluster): Promise<void> => {
  await define(here.api, machineDeployments, poolDefinition)
  await make(here, machineDeployments, 'workers', {
    clusterName: 'prod',
    replicas: 0,
    selector: { matchLabels: { pool: 'workers' } },
    template: { metadata: { labels: { pool: 'workers' } }, spec: machine },
  })
}

const setUp = async () => {
  const here = await cluster()
  await here.createDeployment('web', 0)
  await makePool(here)
  const containers = [...images, 'ghcr.io/acme/web'].map((image, index) => ({
    name: `c${index}`,
    image: `${image}:former`,
  }))
  const labels = { app: 'pushed' }
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } }
  await create(here.api, deployments, here.namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'pushed' },
    spec,
  })
  const data = Object.fromEntries(
    Object.entries(held).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'alerts' },
    data,
  })
  await create(here.api, serviceType, here.namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'pushed' },
    spec: { selector: { app: 'pushed' }, ports: [{ port: 80 }] },
  })
  await create(here.api, cronJobType, here.namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'pushed' },
    spec: {
      schedule: '@yearly',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'c' }] } } },
      },
    },
  })
  // Every Service takes every post.
  await product(here, { outbound: () => Promise.resolve({ status: 200, headers: {}, body: '' }) })
  return here
}

const nameFor = (snippet: string): string => `the-${snippet}`

/** Creates hooks, and resolves with the URL of each once all have one. */
const createHooks = async (
  { api, namespace, until }: Cluster,
  names: readonly string[],
  spec: object,
): Promise<ReadonlyMap<string, string>> => {
  for (const name of names)
    await create(api, hooks, namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
  const path = collectionPath(hooks, namespace)
  const list = async () => {
    const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
    const items = at(parseJson(body), 'items')
    return (Array.isArray(items) ? items : []).map((item: unknown): [string, string] => [
      stringAt(item, 'metadata', 'name') ?? '',
      stringAt(item, 'status', 'triggerURL') ?? '',
    ])
  }
  return new Map(await until(list, found => found.every(([, url]) => url !== '')))
}

/** Nobody here can sign as these issuers do. test/api/oidc-senders.test.ts has an issuer of its own. */
const forms = Object.keys(authSpecs).filter(form => !form.startsWith('oidc'))

/** Those that have most to do with how a product sends. The others are tried on a real API server alone. */
const chosenForms = ['nothing', 'bearer', 'hmac-github', 'header-gitlab', 'standard-webhooks', 'sns']

/**
 * Returns the forms of auth that are tried with a driver. A configuration is made for a driver, and for a form, but seldom for
 * both: so all forms are tried with the first driver, and two with each other one. `npm run test:long -- snippets` tries all.
 */
const formsWith = (driver: string): readonly string[] => {
  if (process.env['SNIPPETS'] === 'all') return forms
  const place = Object.keys(driverSpecs).indexOf(driver)
  if (place > 0) return ['nothing', ...chosenForms.slice(place, place + 1)]
  return inject('isReal') ? forms : chosenForms
}

describe.each(Object.keys(driverSpecs))('for a hook with %s, every configuration', driver => {
  it.each(formsWith(driver))(
    'works as it is, or says why it cannot, where the hook asks for %s',
    { timeout: 120_000 },
    async form => {
      const here = await setUp()
      const auth = authSpecs[form]
      const spec = { ...driverSpecs[driver], ...(auth === undefined ? {} : { auth }) }
      const urls = await createHooks(
        here,
        snippets.map(({ name }) => nameFor(name)),
        spec,
      )
      const failures: string[] = []
      // The posts go one after another: of two images that the same container runs, one would be Superseded.
      for (const snippet of snippets) {
        const hookName = nameFor(snippet.name)
        const url = urls.get(hookName) ?? ''
        const written = writeSnippet(snippet, snippetHook(hookName, here.namespace, spec, url))
        const answered = await answerOf(snippet.name, written, url)
        if (answered !== undefined) failures.push(`${snippet.name}: ${answered}`)
      }
      expect(failures).toEqual([])
    },
  )
})

/** Returns what is wrong with a post from what was written; undefined where it did what the hook is for, or was refused rightly. */
const answerOf = async (
  name: string,
  written: ReturnType<typeof writeSnippet>,
  url: string,
): Promise<string | undefined> => {
  const body = bodyOf(name)
  if ('refused' in written) return /this hook/.test(written.refused) ? undefined : written.refused
  const read = await products[name]?.(filledIn(written.texts))
  if (read === undefined) return 'no reader'
  // Only Amazon can sign its messages, and a message that is not signed is no proof of anything here.
  if (name === 'sns') return 'url' in read && read.url === url ? undefined : 'another URL'
  if ('answer' in read) return wrong(read.answer)
  // The token stands in the URL or, where the product hides that, in a header.
  const [, endpoint = '', token = ''] = /^(.*)\/([^/]+)$/.exec(url) ?? []
  const isInHeader = read.url === endpoint && read.headers?.['Authorization'] === `Bearer ${token}`
  if (read.url !== url && !isInHeader) return `it would post to ${read.url}`
  const text = JSON.stringify(body.json)
  const headers = { 'content-type': 'application/json', ...body.headers, ...headersOf(read, text) }
  return wrong((await post(withAnswer(read.url), undefined, { headers, body: text })).body)
}

/** A later post was first; or the restart of an earlier one is still running, since nobody runs pods here. */
const skipsInOrder = new Set(['Superseded', 'RolloutRunning'])

const wrong = (answer: unknown): string | undefined =>
  ['applied', 'unchanged'].includes(stringAt(answer, 'outcome') ?? '') ||
  skipsInOrder.has(stringAt(answer, 'reason') ?? '')
    ? undefined
    : JSON.stringify(answer).slice(0, 300)

it('each driver is tried', () => {
  const tried = Object.values(driverSpecs).map(spec => at(spec, 'driver'))
  expect(declarations.map(({ name }) => name).filter(name => !tried.includes(name))).toEqual([])
})

it('there is one for every sender that is known, and one reader here for each', () => {
  const names = snippets.map(({ name }) => name)
  expect(senders.map(({ name }) => (name === 'plain' ? 'curl' : name)).filter(name => !names.includes(name))).toEqual(
    [],
  )
  expect(Object.keys(products).sort()).toEqual(names.toSorted())
})
