import { expect, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { maxWhen } from '../../src/api/when.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks, leases } from '../../src/kube/resources.ts'
import { controllerLease } from '../../src/token/published.ts'
import { crd } from '../../src/drivers/registry.ts'
import { says } from '../support/minting.ts'
import { cluster, until, type Cluster } from '../support/product.ts'
import { program, type Program } from '../support/program.ts'
import { startControlPlane } from './control-plane/control-plane.ts'

/** Two seconds on a machine with nothing else to do, in milliseconds. Without bounds these texts took minutes. */
const othersWithinMs = 25_000

/** Texts that took a parser up to four seconds each, from before there were bounds: no API server lets them through now. */
const unbounded = ['![', '-[', '!(', '-(', '{1:'].map(open => `${open.repeat(400)}1`)

/** The slowest that scripts/fuzz-when.ts has found among those that are let through: each is repeated up to the bound. */
const slowest = [
  'c.a.b.c.a.b.c.a.b.c.a.b',
  'f(f(f(f(f(.body/x)))))&&',
  'f(f(f(0x1F).a).a).a>=',
  String.raw`f(f(f(f(f(f(f(f(f(f(f(f(r'\')))))))))))) in `,
  "-[f(-[f(-[f(-[f(-[f(-[f(-[f(body.map(x, true, '''c'''))])])])])])])]||",
].map(unit => unit.repeat(Math.floor((maxWhen - 16) / unit.length)))

const hundred = Array.from({ length: 100 }, (_, index) => index)

/** Returns an API server with the CRD of a former version, which has no bounds on `when`. */
const unboundedControlPlane = async (): Promise<Cluster> => {
  const { kubeconfig, stop } = await startControlPlane()
  onTestFinished(stop)
  const here = await cluster(kubeconfig)
  const loose = JSON.stringify(crd, (name, value: unknown) =>
    name === 'when' ? { type: 'string', maxLength: 4096 } : value,
  )
  await send(here.api, {
    method: 'PATCH',
    path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${String(at(crd, 'metadata', 'name'))}`,
    contentType: 'application/merge-patch+json',
    body: loose,
  })
  return here
}

/** Returns a controller of all namespaces, in a process of its own. */
const controllerOfAll = async ({ kubeconfig, systemNamespace }: Cluster): Promise<Program> => {
  const started = program([
    ...['serve', 'controller', '--namespace', systemNamespace, '--kubeconfig', kubeconfig],
    ...['--public-url', 'https://hooks.example.com', '--host', '127.0.0.1'],
    ...['--operations-port', '0', '--shutdown-delay', '0'],
  ])
  await says(started, 'leading')
  return started
}

const transitions = async ({ api, systemNamespace }: Cluster): Promise<unknown> =>
  at(await read(api, leases, systemNamespace, controllerLease), 'spec', 'leaseTransitions') ?? 0

/** Creates a hook, and answers how long it took to have its URL, in milliseconds. */
const createdAndServed = async (tenant: Cluster, name: string, spec: object): Promise<number> => {
  await tenant.createHook(name, {}, spec)
  const began = nodeClock.monotonic()
  await tenant.url(name)
  return nodeClock.monotonic() - began
}

it('two hundred expressions of one tenant that are slow to read hold up nobody else, at a restart neither', async () => {
  const here = await unboundedControlPlane()
  const greedy = await cluster(here.kubeconfig)
  await here.createDeployment('web', 1)
  const first = await controllerOfAll(here)
  const before = await transitions(here)

  const texts = hundred.flatMap(index => [
    [`old-${index}`, `${unbounded[index % unbounded.length]}${index}`] as const,
    [`slow-${index}`, `${index}||${slowest[index % slowest.length]}x`] as const,
  ])
  await until(
    () =>
      greedy.createHook('first', {}, { when: texts[0]?.[1] }).then(
        () => true,
        () => false,
      ),
    admitted => admitted,
  )
  const created = Promise.all(texts.map(([name, when]) => greedy.createHook(name, {}, { when })))
  const early = await createdAndServed(here, 'early', { when: "sender == 'github'" })
  await created
  const served = [
    early,
    await createdAndServed(here, 'plain', {}),
    await createdAndServed(here, 'filtered', { when: "body.ref == 'refs/heads/main'" }),
  ]
  expect(await transitions(here)).toBe(before)

  await first.end('SIGTERM')
  await controllerOfAll(here)
  const atRestart = await transitions(here)
  served.push(await createdAndServed(here, 'after', { when: "sender == 'gitlab'" }))
  expect(served.filter(ms => ms > othersWithinMs)).toEqual([])

  // The tenant's own hooks are looked at as well, and say what is wrong with them.
  for (const name of ['old-99', 'slow-99', 'slow-98']) {
    const seen = await until(
      () => read(greedy.api, hooks, greedy.namespace, name),
      hook => at(hook, 'status', 'observedGeneration') === 1,
    )
    expect(JSON.stringify(at(seen, 'status', 'conditions'))).toMatch(/InvalidHook|InvalidExpression/)
  }
  expect(await transitions(here)).toBe(atRestart)
})
