import { beforeAll, describe, expect, inject, it } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { recordPlural } from '../../src/api/record.ts'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { cronJobType } from '../../src/drivers/run-job/jobs.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { connect } from '../../src/environment/node.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, serviceAccounts } from '../../src/kube/resources.ts'
import { machineDeployments } from '../../src/steps/target/pools.ts'
import { make } from '../support/counted.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { deployment } from '../support/objects.ts'
import { cluster, deployments, post, until, type Cluster, type Posted } from '../support/product.ts'
import { network, serviceServer } from '../support/service-server.ts'
import { countedKinds, defineCounted } from './counted.ts'
import { applyBase, installation, rightsOfBase, rightsOfDriver, type Right } from './installation.ts'
import { readinessOf, runRoles } from './roles.ts'

/** What hooks do as a service account, where the trigger has no right to any target. */

beforeAll(async () => {
  const api = connect(await loadAccess({ kubeconfig: inject('kubeconfig'), env: {} }))
  try {
    await defineCounted(api)
  } finally {
    await api.close()
  }
})

/** One verb on one resource, such as `patch deployments.apps/scale`. */
type Words = string

interface Doing {
  readonly driver: string
  readonly member: object
  readonly body?: object
  readonly reason: string
  /** All that the account needs for it. */
  readonly needs: readonly Words[]
}

const doings: readonly Doing[] = [
  {
    driver: 'scale',
    member: { target: { name: 'web' }, action: 'up', max: 1000 },
    reason: 'Stepped',
    needs: ['get deployments.apps', 'patch deployments.apps/scale'],
  },
  {
    driver: 'scaleNodes',
    member: { target: { name: 'workers' }, action: 'up', max: 1000 },
    reason: 'Stepped',
    needs: ['get machinedeployments.cluster.x-k8s.io', 'patch machinedeployments.cluster.x-k8s.io'],
  },
  {
    driver: 'redeploy',
    member: { target: { kind: 'StatefulSet', name: 'db' }, tags: { glob: '*' } },
    body: { image: 'db:2' },
    reason: 'RolledOut',
    needs: ['get statefulsets.apps', 'patch statefulsets.apps'],
  },
  {
    driver: 'restart',
    member: { target: { kind: 'StatefulSet', name: 'again' } },
    reason: 'Restarted',
    needs: ['get statefulsets.apps', 'patch statefulsets.apps'],
  },
  {
    driver: 'forward',
    member: { service: { name: 'jenkins', port: 'http' } },
    reason: 'Forwarded',
    needs: ['get services', 'create services/proxy'],
  },
  {
    driver: 'runJob',
    member: { cronJob: 'report', concurrency: 'replace' },
    reason: 'JobCreated',
    needs: ['get cronjobs.batch', 'list jobs.batch', 'create jobs.batch', 'delete jobs.batch'],
  },
]

const nameOf = ({ driver }: Doing): string => `as-${driver.toLowerCase()}`

/** The rights of the trigger without those to targets, and all of the controller. */
const rights: readonly Right[] = [
  ...rightsOfBase().filter(
    ({ account, kind, resource }) =>
      account === 'controller' || kind === 'Role' || ['receiverhooks', recordPlural].includes(resource),
  ),
  ...['scale-nodes', 'redeploy', 'restart', 'run-job', 'forward']
    .flatMap(rightsOfDriver)
    .filter(({ account }) => account === 'controller'),
]

const ruleOf = (words: Words, names?: readonly string[]): object => {
  const [, verb = '', resource = '', group = '', subresource = ''] =
    /^(\S+) ([^./]+)(?:\.([^/]+))?(\/.*)?$/.exec(words) ?? []
  return {
    apiGroups: [group],
    resources: [`${resource}${subresource}`],
    verbs: [verb],
    ...(names && { resourceNames: names }),
  }
}

const roles: ResourceType = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'roles',
  kind: 'Role',
}

/** Gives these rights to an account in the namespace, in place of what this Role gave before. */
const give = async (here: Cluster, account: string, namespace: string, rules: readonly object[]): Promise<void> => {
  const { api } = here
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: account }, rules }
  const path = objectPath(roles, here.namespace, account)
  const put = { method: 'PUT', path, body: JSON.stringify(role), lane: 'bulk', timeoutMs: 5000 } as const
  // The same request creates a role.
  if ((await api.request(put)).status === 200) return
  await create(api, { ...roles, resource: 'rolebindings', kind: 'RoleBinding' }, here.namespace, {
    apiVersion: role.apiVersion,
    kind: 'RoleBinding',
    metadata: { name: account },
    ...{ roleRef: { apiGroup: roles.group, kind: 'Role', name: account } },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
  })
}

const giveAccount = (here: Cluster, needs: readonly Words[]): Promise<void> =>
  give(
    here,
    'hooks',
    here.namespace,
    [...new Set(needs)].map(words => ruleOf(words)),
  )

const giveTrigger = (here: Cluster, verbs: readonly string[]): Promise<void> =>
  give(
    here,
    'receiver-hooks-trigger',
    here.systemNamespace,
    verbs.map(verb => ruleOf(`${verb} serviceaccounts`, ['hooks'])),
  )

/** What shows the outcome of a write when its answer is lost, and which pods a rollout has. */
const others: readonly Words[] = ['list deployments.apps', 'list machinedeployments.cluster.x-k8s.io']

const all = [...doings.flatMap(({ needs }) => needs), ...others]

const createAccount = ({ api, namespace }: Cluster, name: string) =>
  create(api, serviceAccounts, namespace, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })

const createHook = ({ api, namespace }: Cluster, doing: Doing, spec: object = {}) =>
  create(api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name: nameOf(doing) },
    spec: { driver: doing.driver, [doing.driver]: doing.member, serviceAccountName: 'hooks', ...spec },
  })

/** Runs both roles as their accounts, with an account `hooks` that has all rights, and a hook of each driver. */
const setUp = async (through: (api: ApiConnection) => ApiConnection = api => api) => {
  const here = await cluster()
  const { as } = await installation(here, rights)
  await createAccount(here, 'hooks')
  await giveAccount(here, all)
  await giveTrigger(here, ['get', 'impersonate'])
  const { heard, port } = await serviceServer(response => void response.end())
  const service = await create(here.api, serviceType, here.namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'jenkins' },
    spec: { selector: { app: 'jenkins' }, ports: [{ name: 'http', port: 8080 }] },
  })
  await here.createDeployment('web', 1)
  for (const name of ['db', 'again']) await createStatefulSet(here, name)
  await create(here.api, cronJobType, here.namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: {
      schedule: '@yearly',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'report:1' }] } } },
      },
    },
  })
  const pool = countedKinds.find(({ type }) => type.kind === machineDeployments.kind)
  await make(here, machineDeployments, 'workers', pool?.spec(1) ?? {})
  const { outbound } = network(new Map([[`${stringAt(service, 'spec', 'clusterIP')}:8080`, port]]))
  const triggerPort = await runRoles(here, { ...as, trigger: through(as.trigger) }, { outbound })
  for (const doing of doings) await createHook(here, doing)
  let posts = 0
  const postTo = async (doing: Doing): Promise<Posted> => {
    if (doing.driver === 'restart') await completeRollout(here, 'again')
    const { pathname } = new URL(await here.url(nameOf(doing)))
    const body = doing.body && JSON.stringify(doing.body)
    const headers = { 'idempotency-key': `post-${++posts}`, 'content-type': 'application/json' }
    return await post(`http://127.0.0.1:${triggerPort}${pathname}`, undefined, { headers, ...(body && { body }) })
  }
  const readiness = (doing: Doing): Promise<string> => readinessOf(here, nameOf(doing))
  return { ...here, heard, postTo, readiness }
}

const createStatefulSet = ({ api, namespace }: Cluster, name: string) => {
  const { spec } = deployment(name, 1)
  const { selector, template } = spec
  const type = { ...deployments, resource: 'statefulsets', kind: 'StatefulSet' }
  const container = { name: 'app', image: `${name}:1` }
  return create(api, type, namespace, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      serviceName: name,
      selector,
      template: { ...template, spec: { containers: [container] } },
    },
  })
}

/** Reports a rollout as complete, in place of its controller. */
const completeRollout = async ({ api, namespace }: Cluster, name: string): Promise<void> => {
  const type = { ...deployments, resource: 'statefulsets', kind: 'StatefulSet' }
  const { generation } = (await read(api, type, namespace, name))?.metadata ?? {}
  const status = {
    observedGeneration: generation,
    replicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    updatedReplicas: 1,
    currentReplicas: 1,
    currentRevision: `${generation}`,
    updateRevision: `${generation}`,
  }
  await send(api, {
    method: 'PATCH',
    path: objectPath(type, namespace, name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status }),
  })
}

/** Posts until the answer has this reason: roles take effect a moment after they are stored. */
const untilReason = (here: { postTo(doing: Doing): Promise<Posted> }, doing: Doing, reason: string): Promise<Posted> =>
  until(
    () => here.postTo(doing),
    ({ body }) => body['reason'] === reason,
  )

/** Changes what is counted, as others do: a trigger reads nothing as long as its own write was the last. */
const touch = async ({ api, namespace }: Cluster): Promise<void> => {
  const body = JSON.stringify({ metadata: { annotations: { touched: `${Math.random()}` } } })
  for (const [type, name] of [
    [deployments, 'web'],
    [machineDeployments, 'workers'],
  ] as const) {
    const path = objectPath(type, namespace, name)
    await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }
}

/** Returns a connection that loses the answer to the next patch, once it should. */
const losing =
  (state: { isLosing: boolean }) =>
  (api: ApiConnection): ApiConnection => ({
    ...api,
    request: async request => {
      const answer = await api.request(request)
      if (!state.isLosing || request.method !== 'PATCH') return answer
      state.isLosing = false
      throw new Unreachable('the answer was lost', true)
    },
  })

const [scaling, , , , forwarding] = doings
if (!scaling || !forwarding) throw new Error('there is no such hook')

describe('a trigger without any right to targets', () => {
  it('does all that its hooks do as the account that they name, and misses each right of the account', async () => {
    const here = await setUp()
    for (const doing of doings) {
      expect(await untilReason(here, doing, doing.reason)).toMatchObject({ status: 200 })
      expect(
        await until(
          () => here.readiness(doing),
          ready => ready.startsWith('True'),
        ),
      ).toMatch(/^True Valid/)
    }
    for (const doing of doings) {
      for (const taken of doing.needs) {
        await giveAccount(
          here,
          all.filter(words => words !== taken),
        )
        const posting = async (): Promise<Posted> => {
          await touch(here)
          return await here.postTo(doing)
        }
        // What was taken before may still be missing for a moment.
        const { status } = await until(
          posting,
          ({ body: said }) => said['reason'] === 'Forbidden' && mentions(taken).test(String(said['message'])),
        )
        expect([taken, status]).toEqual([taken, 422])
        const { length } = here.heard
        await posting()
        expect(here.heard).toHaveLength(length)
      }
    }
  })

  it('finishes what it claimed and takes back what it leased as the account, also when an answer was lost', async () => {
    const state = { isLosing: false }
    const here = await setUp(losing(state))
    await untilReason(here, scaling, 'Stepped')
    await giveAccount(here, [...all, 'list deployments.apps'])
    await here.patchHook(nameOf(scaling), { spec: { for: '1s' } })
    // The status writes of no controller move the version here, so the count is moved by somebody else.
    await here.api.request({
      method: 'PATCH',
      path: objectPath(deployments, here.namespace, 'web'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { replicas: 4 } }),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    state.isLosing = true
    expect(await untilReason(here, scaling, 'Stepped')).toMatchObject({ body: { to: 5 } })
    expect(state.isLosing).toBe(false)
    await until(
      () => here.replicas('web'),
      replicas => replicas === 4,
    )
  })

  it('says which right it lacks to find out whether a write was made whose answer was lost', async () => {
    const state = { isLosing: false }
    const here = await setUp(losing(state))
    await untilReason(here, scaling, 'Stepped')
    await giveAccount(
      here,
      all.filter(words => words !== 'list deployments.apps'),
    )
    const lost = await until(
      async () => {
        await touch(here)
        state.isLosing = true
        return await here.postTo(scaling)
      },
      ({ body }) => body['reason'] !== 'Stepped',
    )
    expect(lost).toMatchObject({ status: 503, body: { reason: 'ApiUnreachable' } })
    expect(lost.body['message']).toMatch(/^checking whether a write was made: .* cannot list resource "deployments"/)
  })

  it.each([
    ['impersonate', /cannot impersonate resource "serviceaccounts"/],
    ['get', /ServiceAccount\/hooks .* which the trigger may not read\. .* --verb=get,impersonate /],
  ])('says that it may not %s the account', async (verb, message) => {
    const here = await setUp()
    await untilReason(here, scaling, 'Stepped')
    await until(
      () => here.readiness(scaling),
      text => text.startsWith('True'),
    )
    await giveTrigger(
      here,
      ['get', 'impersonate'].filter(other => other !== verb),
    )
    const { body, status } = await untilReason(here, scaling, 'Forbidden')
    expect([status, body['message']]).toEqual([422, expect.stringMatching(message)])
    // The controller asks again after a delivery that was forbidden, if it asked last some seconds before.
    const ready = await until(
      () => here.postTo(scaling).then(() => here.readiness(scaling)),
      text => text.startsWith('False'),
    )
    expect(ready).toContain(`the trigger may not ${verb} serviceaccounts in namespace ${here.namespace}`)
    expect(ready).toContain('--verb=get,impersonate --resource=serviceaccounts --resource-name=hooks')
  })

  it('does nothing as an account that was deleted, and goes on when it is there again', async () => {
    const here = await setUp()
    await untilReason(here, scaling, 'Stepped')
    const path = objectPath(serviceAccounts, here.namespace, 'hooks')
    await here.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
    const { body, status } = await untilReason(here, scaling, 'AccountNotFound')
    const message = `the hook acts as ServiceAccount/hooks, which does not exist in namespace ${here.namespace}`
    expect([status, body['message']]).toEqual([422, message])
    const before = await here.replicas('web')
    expect(await here.postTo(forwarding)).toMatchObject({ status: 422, body: { reason: 'AccountNotFound' } })
    expect(await here.postTo(scaling)).toMatchObject({ status: 422, body: { reason: 'AccountNotFound' } })
    expect(await here.replicas('web')).toBe(before)
    await here.patchHook(nameOf(scaling), { metadata: { annotations: { look: 'again' } }, spec: { cooldown: '1s' } })
    expect(
      await until(
        () => here.readiness(scaling),
        text => text.startsWith('False'),
      ),
    ).toBe(`False AccountNotFound: ${message}`)
    await createAccount(here, 'hooks')
    await untilReason(here, scaling, 'Stepped')
    await until(
      () => here.readiness(scaling),
      text => text.startsWith('True'),
    )
  })
})

/** Returns how a message names a right: as the API server does, or as the product does. */
const mentions = (words: Words): RegExp => {
  const [, verb = '', resource = '', , subresource = ''] = /^(\S+) ([^./]+)(?:\.([^/]+))?(\/.*)?$/.exec(words) ?? []
  return new RegExp(`cannot ${verb} resource "${resource}${subresource}"|may not ${verb} ${resource}.*${subresource}`)
}

describe('who writes a hook that names an account', () => {
  beforeAll(() => applyBase(inject('kubeconfig')))

  it('needs the right to impersonate it, and no right to the target', async () => {
    const here = await cluster()
    const run = (args: readonly string[], stdin = ''): Promise<Ran> =>
      kubectl(here.kubeconfig, ['-n', here.namespace, ...args], stdin)
    const may = async (name: string, verb: string, resource: string, ...more: readonly string[]): Promise<void> => {
      const role = ['create', 'role', name, `--verb=${verb}`, `--resource=${resource}`, ...more]
      expect(await run(role)).toMatchObject({ code: 0 })
      expect(await run(['create', 'rolebinding', name, `--role=${name}`, '--user=ann'])).toMatchObject({ code: 0 })
    }
    const apply = (doing: Doing, serviceAccountName = 'hooks', ...flags: readonly string[]): Promise<Ran> => {
      const spec = { driver: doing.driver, [doing.driver]: doing.member, serviceAccountName }
      const hook = { apiVersion, kind: hookKind, metadata: { name: nameOf(doing) }, spec }
      return run(['--as=ann', 'apply', ...flags, '-f', '-'], JSON.stringify(hook))
    }
    await may('hooks', 'get,create,patch', 'receiverhooks.receiverhooks.dev')
    // The right to the target is not enough, nor is another account.
    await may('targets', 'patch', 'deployments.apps/scale')
    await may('other', 'impersonate', 'serviceaccounts', '--resource-name=other')
    // A new policy takes effect after a moment. Until then, nothing may be stored: a later apply would change nothing.
    await until(
      () => apply(scaling, 'hooks', '--dry-run=server'),
      ({ code, stderr }) => code !== 0 && stderr.includes('denied request'),
    )
    const { stderr } = await apply(scaling)
    expect(stderr).toContain(
      `ann may not act as ServiceAccount/hooks: setting serviceAccountName needs the right to impersonate serviceaccounts in namespace ${here.namespace}`,
    )
    await may('act', 'impersonate', 'serviceaccounts', '--resource-name=hooks')
    for (const doing of doings)
      await until(
        () => apply(doing),
        ({ code }) => code === 0,
      )
    expect((await apply(scaling, 'third')).stderr).toContain('ann may not act as ServiceAccount/third')
    expect((await apply(scaling, 'a:b')).stderr).toContain('must be an object name')
  })
})
