import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { collectionPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt, nameOf } from '../deploy/manifests.ts'
import { knownBodies, type KnownBody } from '../senders/bodies.ts'
import { kubectl } from '../support/kubectl.ts'
import {
  cluster,
  deployments,
  installCrd,
  post,
  postUntilDone,
  product,
  until,
  untilDone,
  type Cluster,
  type Posted,
  withAnswer,
} from '../support/product.ts'
import { program, type Program } from '../support/program.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { startWorkloads } from './control-plane/workloads.ts'
import { installation, rightsOfBase, rightsOfDriver } from './installation.ts'

const replicaSets: ResourceType = { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' }

let controlPlane: ControlPlane
beforeAll(async () => {
  controlPlane = await startControlPlane()
  await installCrd(controlPlane.api)
  await startWorkloads(controlPlane)
})
afterAll(() => controlPlane.stop())

/** Sets up a namespace whose product has the rights of the component alone, each role as its own account, in a process of its own. */
const setUp = async (driver = 'redeploy') => {
  const here = await cluster(controlPlane.kubeconfig)
  const { as, kubeconfigs } = await installation(here, [...rightsOfBase(), ...rightsOfDriver(driver)])
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  return {
    ...here,
    list: async (type: ResourceType): Promise<readonly unknown[]> => {
      const path = collectionPath(type, here.namespace)
      const { body } = await here.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
      return listAt(parseJson(body), 'items')
    },
    /** Starts a trigger, and resolves with where it takes posts. */
    startTrigger: async (): Promise<{ trigger: Program; origin: string }> => {
      const places = ['--namespace', here.systemNamespace, '--watch-namespace', here.namespace]
      const ports = ['--host', '127.0.0.1', '--trigger-port', '0', '--operations-port', '0', '--shutdown-delay', '0']
      const trigger = program(['serve', 'trigger', '--kubeconfig', kubeconfigs.trigger, ...places, ...ports])
      const [posts, operations] = await trigger.said(line =>
        /"triggerPort":(\d+),"operationsPort":(\d+)/.exec(line)?.slice(1),
      )
      await until(
        async () => (await fetch(`http://127.0.0.1:${operations}/readyz`)).status,
        status => status === 200,
      )
      return { trigger, origin: `http://127.0.0.1:${posts}` }
    },
    /** Makes a hook, and resolves with the path of its URL. */
    pushHook: async (member: object, name = 'web-push'): Promise<string> => {
      const spec = { driver, [driver]: member }
      await create(here.api, hooks, here.namespace, {
        apiVersion,
        kind: hookKind,
        metadata: { name },
        spec,
      })
      return new URL(await here.url(name)).pathname
    },
  }
}

type Shop = Awaited<ReturnType<typeof setUp>>

const runDeployment = async (here: Cluster, name: string, image: string): Promise<void> => {
  const labels = { app: name }
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } },
  }
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { all: 'yes' } }, spec }
  await send(here.api, {
    method: 'POST',
    path: collectionPath(deployments, here.namespace),
    body: JSON.stringify(object),
  })
}

/** Returns how many ReplicaSets each Deployment has had. */
const rolloutsOf = async ({ list }: Shop): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const set of await list(replicaSets)) {
    const name = stringAt(listAt(set, 'metadata', 'ownerReferences')[0], 'name') ?? ''
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

const isFinished = (deployment: unknown): boolean =>
  at(deployment, 'status', 'observedGeneration') === at(deployment, 'metadata', 'generation') &&
  at(deployment, 'status', 'updatedReplicas') === 1 &&
  at(deployment, 'status', 'replicas') === 1 &&
  at(deployment, 'status', 'readyReplicas') === 1

/** Waits until every Deployment runs the pods of its present template alone, and these are Ready. */
const finished = async ({ list }: Shop): Promise<void> =>
  void (await until(
    async () => (await list(deployments)).filter(deployment => !isFinished(deployment)).map(nameOf),
    unfinished => unfinished.length === 0,
    90_000,
  ))

const imagesOf = async ({ list }: Shop): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await list(deployments)).map(deployment => {
      const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers')
      return [nameOf(deployment), stringAt(container, 'image') ?? '']
    }),
  )

/** Returns a pushed image by the name that a container pulls it under. A registry whose body has no host is known by its path. */
const imageOf = ({ says }: KnownBody): string =>
  (says.pushes?.[0]?.split('@')[0] ?? '').replace(/^\?/, 'registry.example.com:8082')

const withTag = (image: string, tag: string): string => `${image.slice(0, image.lastIndexOf(':'))}:${tag}`

/** Returns the first body of each registry that reports one push, of an image that no other registry's body names. */
const pushesOfRegistries = (): readonly KnownBody[] => {
  const found = new Map<string, KnownBody>()
  for (const known of knownBodies.filter(({ says }) => says.pushes?.length === 1)) {
    const image = withTag(imageOf(known), '')
    const isTaken = [...found.values()].some(other => withTag(imageOf(other), '') === image)
    if (!isTaken && !found.has(known.sender)) found.set(known.sender, known)
  }
  return [...found.values()]
}

const curl = async (url: string, { message: { headers, json } }: KnownBody): Promise<unknown> => {
  const lines = Object.entries({ 'content-type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const args = [
    '--silent',
    '--show-error',
    '--data-binary',
    JSON.stringify(json),
    ...lines.flatMap(line => ['-H', line]),
    withAnswer(url),
  ]
  return parseJson((await promisify(execFile)('curl', args)).stdout)
}

it("each registry's body by curl rolls out exactly what runs that image, and the rollouts finish", async () => {
  const here = await setUp()
  const bodies = pushesOfRegistries()
  expect(bodies.length).toBeGreaterThan(11)
  for (const known of bodies) await runDeployment(here, known.sender, withTag(imageOf(known), 'former'))
  await runDeployment(here, 'bystander', 'registry.example.com/acme/other:former')
  await finished(here)
  const { origin } = await here.startTrigger()
  const path = await here.pushHook({ selector: {}, tags: { glob: '*' } })
  const expected = await rolloutsOf(here)
  for (const known of bodies) {
    const answer = await curl(origin + path, known)
    expect([known.sender, answer]).toEqual([
      known.sender,
      expect.objectContaining({ outcome: 'applied', reason: 'RolledOut' }),
    ])
    await finished(here)
    expected[known.sender] = 2
    expect([known.sender, await rolloutsOf(here)]).toEqual([known.sender, expected])
  }
  const wanted = Object.fromEntries(bodies.map(known => [known.sender, imageOf(known)]))
  expect(await imagesOf(here)).toEqual({ ...wanted, bystander: 'registry.example.com/acme/other:former' })
})

it(
  '150 workloads behind one selector roll out once each, though the process is killed and another is sent a copy',
  { timeout: 300_000 },
  async () => {
    const here = await setUp()
    const names = Array.from({ length: 150 }, (_, index) => `web-${index}`)
    const left = names.values()
    const createInTurn = async (): Promise<void> => {
      for (const name of left) await runDeployment(here, name, 'registry.example.com/acme/web:1.0.0')
    }
    await Promise.all(Array.from({ length: 8 }, createInTurn))
    await finished(here)
    const [first, second] = [await here.startTrigger(), await here.startTrigger()]
    const path = await here.pushHook({ selector: { matchLabels: { all: 'yes' } }, tags: { semver: '*' } })
    const headers = { 'content-type': 'application/json', 'idempotency-key': `"${randomBytes(4).toString('hex')}"` }
    const body = JSON.stringify({ image: 'registry.example.com/acme/web:1.0.1' })
    const send = (origin: string) => post(origin + path, undefined, { headers, body })
    const changed = async (): Promise<number> =>
      Object.values(await imagesOf(here)).filter(image => image.endsWith(':1.0.1')).length
    // The hook has to be known to it.
    await until(
      () => post(`${second.origin}${path}?dryRun=true`, undefined, { headers, body }),
      ({ status }) => status === 200,
    )

    const lost = send(first.origin).then(
      ({ status }) => status,
      () => 'no answer',
    )
    await until(changed, count => count > 0)
    await first.trigger.end('SIGKILL')
    expect(await lost).toBe('no answer')
    const before = await changed()
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(names.length)

    // A slow machine answers that the rest goes on, and the same post sent again finds it done.
    const answers: Posted[] = []
    await until(
      async () => {
        answers.push(await send(second.origin))
        return answers.at(-1)
      },
      answer => answer?.status === 200,
      60_000,
    )
    const reasons = answers.map(({ body }) => stringAt(body, 'reason'))
    expect(['RolledOut', ...(reasons.includes('Unfinished') ? ['Duplicate'] : [])]).toContain(reasons.at(-1))
    await finished(here)
    expect(await changed()).toBe(names.length)
    expect(await rolloutsOf(here)).toEqual(Object.fromEntries(names.map(name => [name, 2])))

    // Sent once more, to a third process, it is a copy like any other.
    const third = await here.startTrigger()
    expect((await send(third.origin)).body).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(await rolloutsOf(here)).toEqual(Object.fromEntries(names.map(name => [name, 2])))
    console.log(`${before} of ${names.length} workloads were patched when the process was killed`)
  },
)

it('a rollback by hand stands: the same push through another hook does not undo it, and a later push rolls out', async () => {
  const here = await setUp()
  await runDeployment(here, 'web', 'acme/web:1.0.0')
  await finished(here)
  const { origin } = await here.startTrigger()
  const member = { target: { kind: 'Deployment', name: 'web' }, tags: { semver: '*' } }
  const paths = [await here.pushHook(member, 'of-registry'), await here.pushHook(member, 'of-pipeline')]
  const [ofRegistry = '', ofPipeline = ''] = paths.map(path => origin + path)
  const second = (): number => Math.floor(Date.now() / 1000)
  const push = (url: string, tag: string, at: number) =>
    postUntilDone(url, { push_data: { pushed_at: at, tag, pusher: 'acme' }, repository: { repo_name: 'acme/web' } })
  /** Waits for the next second, since the clocks of registries and of managedFields count seconds. */
  const nextSecond = async (): Promise<void> => {
    const began = second()
    await until(
      () => Promise.resolve(second()),
      now => now > began,
    )
  }
  /** Rolls out a push, takes it back by hand, and sends the push again by the other hook. */
  const rollOutAndBack = async (from: string, to: string): Promise<void> => {
    const at = second()
    expect((await push(ofRegistry, to, at)).body).toMatchObject({ outcome: 'applied', reason: 'RolledOut' })
    await finished(here)
    await nextSecond()
    const undone = await kubectl(here.kubeconfig, ['-n', here.namespace, 'rollout', 'undo', 'deployment/web'])
    expect(undone).toMatchObject({ code: 0 })
    await finished(here)
    const { body } = await push(ofPipeline, to, at)
    expect(body).toMatchObject({ outcome: 'skipped', reason: 'Superseded' })
    expect(body['message']).toContain('someone rolled Deployment/web back after acme/web:')
    expect(await imagesOf(here)).toEqual({ web: `acme/web:${from}` })
    await nextSecond()
  }
  await rollOutAndBack('1.0.0', '1.0.1')
  expect((await push(ofPipeline, '1.0.2', second())).body).toMatchObject({ outcome: 'applied' })
  await finished(here)
  await rollOutAndBack('1.0.2', '1.0.3')
  expect((await push(ofPipeline, '1.0.4', second())).body).toMatchObject({ outcome: 'applied' })
  expect(await imagesOf(here)).toEqual({ web: 'acme/web:1.0.4' })
})

/** What runs two pods, by its kind; and how many versions of its template it has had. */
const restarted = [
  ['Deployment', { strategy: { type: 'RollingUpdate' } }, 'replicasets'],
  ['Deployment', { strategy: { type: 'Recreate' } }, 'replicasets'],
  ['StatefulSet', { serviceName: 'web' }, 'controllerrevisions'],
  ['DaemonSet', {}, 'controllerrevisions'],
] as const

it.each(restarted)(
  'a %s with %j is restarted after a rollout alone, however many posts come while it runs',
  { timeout: 240_000 },
  async (kind, more, revisions) => {
    const here = await setUp('restart')
    const type: ResourceType = { group: 'apps', version: 'v1', resource: `${kind.toLowerCase()}s`, kind }
    const labels = { app: 'web' }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'acme/web:1' }] } }
    const spec = { selector: { matchLabels: labels }, template, ...(kind !== 'DaemonSet' && { replicas: 2 }), ...more }
    await create(here.api, type, here.namespace, { apiVersion: 'apps/v1', kind, metadata: { name: 'web' }, spec })
    const { origin } = await here.startTrigger()
    const path = await here.pushHook({ target: { kind, name: 'web' } }, 'restart-web')
    const countRevisions = async (): Promise<number> =>
      (await here.list({ group: 'apps', version: 'v1', resource: revisions, kind: '' })).length
    const reasons: unknown[] = []
    const sendTwoAtOnce = async (): Promise<unknown[]> => {
      const posted = await Promise.all([postUntilDone(origin + path), postUntilDone(origin + path)])
      const two = posted.map(({ body }) => body['reason'])
      reasons.push(...two)
      return two
    }
    for (let round = 1; round <= 3; round++) await until(sendTwoAtOnce, two => two.includes('Restarted'), 90_000)
    // How many posts come while a rollout runs depends on the machine; what each of them does must not.
    const restarts = reasons.filter(reason => reason === 'Restarted').length
    expect(['Restarted', 'RolloutRunning', 'Superseded']).toEqual(expect.arrayContaining(reasons))
    expect(await until(countRevisions, count => count > restarts)).toBe(restarts + 1)
  },
)

it('a right that is taken away is named and nothing is written, and once it is given again pushes roll out again', async () => {
  const here = await setUp()
  await runDeployment(here, 'web', 'registry.example.com/acme/web:1.0.0')
  const { origin } = await here.startTrigger()
  const path = await here.pushHook({ target: { kind: 'Deployment', name: 'web' }, tags: { semver: '*' } })
  const push = (tag: string) => post(origin + path, { image: `registry.example.com/acme/web:${tag}` })
  await until(
    () => push('1.0.1'),
    ({ status }) => status === 200,
  )
  const account = `system:serviceaccount:${here.systemNamespace}:receiver-hooks-trigger`
  const bindings = parseJson((await kubectl(here.kubeconfig, ['get', 'clusterrolebindings', '-o', 'json'])).stdout)
  const own = listAt(bindings, 'items').filter(binding =>
    listAt(binding, 'subjects').some(
      subject =>
        stringAt(subject, 'namespace') === here.systemNamespace &&
        stringAt(subject, 'name') === 'receiver-hooks-trigger',
    ),
  )
  expect(own.length).toBeGreaterThan(0)
  for (const binding of own) {
    const role = stringAt(binding, 'roleRef', 'name') ?? ''
    const { stdout } = await kubectl(here.kubeconfig, ['get', 'clusterrole', role, '-o', 'json'])
    const rules = listAt(parseJson(stdout), 'rules')
    const kept = rules.filter(
      rule => !(listAt(rule, 'resources').includes('deployments') && listAt(rule, 'verbs').includes('patch')),
    )
    if (kept.length === rules.length) continue
    const patch = (to: readonly unknown[]) =>
      kubectl(here.kubeconfig, ['patch', 'clusterrole', role, '--type=merge', '-p', JSON.stringify({ rules: to })])
    expect(await patch(kept)).toMatchObject({ code: 0 })
    // A push before that is known would roll out.
    const asked = ['auth', 'can-i', 'patch', 'deployments.apps', '-n', here.namespace, `--as=${account}`]
    await until(
      () => kubectl(here.kubeconfig, asked),
      ({ stdout }) => stdout.trim() === 'no',
    )
    const refused = await untilDone(() => push('1.0.2'))
    expect({ status: refused.status, message: refused.body['message'] }).toEqual({
      status: 422,
      message: expect.stringContaining('deployments') as unknown,
    })
    expect(JSON.stringify(refused.body)).toContain(account)
    expect(await imagesOf(here)).toEqual({ web: 'registry.example.com/acme/web:1.0.1' })
    expect(await patch(rules)).toMatchObject({ code: 0 })
    await until(
      () => push('1.0.3'),
      ({ status }) => status === 200,
    )
    expect(await imagesOf(here)).toEqual({ web: 'registry.example.com/acme/web:1.0.3' })
    return
  }
  throw new Error('no role of the trigger lets it patch Deployments')
})
