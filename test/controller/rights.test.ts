import { describe, expect, test } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { recordKind } from '../../src/api/record.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { create, read } from '../../src/kube/requests.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { hooks, records, secrets, serviceAccounts } from '../../src/kube/resources.ts'
import { reviewed } from '../support/reviewed.ts'
import {
  deployments,
  installation,
  readyReason,
  shop,
  system,
  trueConditions,
  type Installation,
  type ProcessOptions,
} from './installation.ts'

const trigger = { namespace: system, name: 'receiver-hooks-trigger' }

/** Roles of the trigger: each line is what `kubectl auth can-i` names, with the one object's name behind it where it is meant alone. */
const scaling = [
  'get deployments.apps',
  'list deployments.apps',
  'patch deployments.apps/scale',
  'get receiverhookrecords.receiverhooks.dev',
  'create receiverhookrecords.receiverhooks.dev',
  'update receiverhookrecords.receiverhooks.dev',
]

/** Sets up an installation whose API server knows what the trigger may do in the shop; `given` may change. */
const setUp = async (given: Set<string>, options: ProcessOptions = {}) => {
  const x = await installation()
  await x.createDeployment('web')
  const asked: ApiRequest[] = []
  const before = (request: ApiRequest): Promise<ApiResponse> | undefined => {
    const answer = reviewed(request, (what, name) => given.has(what) || given.has(`${what} ${name}`))
    if (answer) asked.push(request)
    return answer && Promise.resolve(answer)
  }
  const process = x.start('first', { trigger, before, ...options })
  return { ...x, asked, process }
}

const redeploys = (x: Installation, name = 'web-push') =>
  x.createHook(name, { driver: 'redeploy', scale: undefined, redeploy: { target: { name: 'web' } } })

const messageOf = (hook: unknown): string => JSON.stringify(at(hook, 'status', 'conditions'))

describe('a hook whose trigger lacks a right', () => {
  test('is not Ready, and says the command that gives it', async () => {
    const x = await setUp(new Set(scaling))
    await redeploys(x)
    const hook = await x.becomes('web-push', 'Forbidden')
    expect(trueConditions(hook)).toEqual(['Stalled'])
    expect(messageOf(hook)).toContain(
      'the trigger may not patch deployments.apps in namespace shop, which this hook needs. With the chart, set drivers.redeploy.namespaces. Otherwise an administrator can grant it with: ' +
        'kubectl -n shop create rolebinding receiver-hooks-trigger-redeploy --clusterrole=receiver-hooks-trigger-redeploy ' +
        '--serviceaccount=receiver-hooks:receiver-hooks-trigger"',
    )
    expect(at(hook, 'status', 'triggerURL')).toBeDefined()
  })

  test('is Ready within twenty seconds after it was given', async () => {
    const given = new Set(scaling)
    const x = await setUp(given)
    await redeploys(x)
    await x.becomes('web-push', 'Forbidden')
    await x.pass(600_000)
    given.add('patch deployments.apps')
    await x.pass(20_000)
    expect(trueConditions(await x.hook('web-push'))).toEqual(['Ready'])
  })

  test('leaves the hooks of other drivers Ready', async () => {
    const x = await setUp(new Set(scaling))
    await redeploys(x)
    await x.createHook('web-up')
    expect(trueConditions(await x.becomes('web-up', 'Valid'))).toEqual(['Ready'])
  })

  test.each([
    ['records', scaling.filter(what => !what.includes('receiverhookrecords')), 'receiver-hooks-trigger'],
    ['counts', scaling.filter(what => !what.startsWith('patch')), 'receiver-hooks-trigger-targets'],
  ])('names the role of an installation for %s', async (_, given, role) => {
    const x = await setUp(new Set(given))
    await x.createHook('web-up')
    expect(messageOf(await x.becomes('web-up', 'Forbidden'))).toContain(
      `create rolebinding ${role} --clusterrole=${role} `,
    )
  })

  test('is Ready where a role names its object alone', async () => {
    const x = await setUp(new Set([...scaling, 'get deployments.apps web', 'patch deployments.apps web']))
    await redeploys(x)
    expect(trueConditions(await x.becomes('web-push', 'Valid'))).toEqual(['Ready'])
  })

  test('that auth needs says the command for both accounts', async () => {
    const given = new Set(scaling)
    const x = await setUp(given)
    const data = { token: 'czNjcmV0' }
    await create(x.api, secrets, shop, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'senders' }, data })
    await x.createHook('web-up', { auth: { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } } })
    expect(messageOf(await x.becomes('web-up', 'Forbidden'))).toContain(
      'the trigger may not read Secret/senders, which auth names. With the chart, set auth.namespaces. Otherwise an administrator can allow it with: ' +
        'kubectl -n shop create rolebinding receiver-hooks-auth --clusterrole=receiver-hooks-auth ' +
        '--serviceaccount=receiver-hooks:receiver-hooks-controller --serviceaccount=receiver-hooks:receiver-hooks-trigger',
    )
    given.add('get secrets senders')
    await x.becomes('web-up', 'Valid')
  })
})

describe("a hook in the product's own namespace, where the policy lets the trigger change nothing", () => {
  /** Creates the hook of a Deployment in the product's own namespace. Resolves with it once it has a Ready condition. */
  const inSystem = async (options: ProcessOptions, spec: object = {}) => {
    const x = await setUp(new Set([...scaling, 'get serviceaccounts', 'impersonate serviceaccounts', 'get services']), {
      ...options,
    })
    const web = await read(x.api, deployments, shop, 'web')
    await create(x.api, deployments, system, { ...web, metadata: { name: 'web' } })
    await create(x.api, serviceAccounts, system, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'web' },
    })
    await create(x.api, serviceType, system, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'jenkins' },
      spec: { selector: { app: 'jenkins' }, clusterIP: '10.0.0.7', ports: [{ name: 'http', port: 80 }] },
    })
    await create(x.api, hooks, system, {
      apiVersion,
      kind: hookKind,
      metadata: { name: 'web-up' },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 }, ...spec },
    })
    return await x.until(
      () => read(x.api, hooks, system, 'web-up'),
      hook => readyReason(hook) !== undefined,
    )
  }

  test.each([trigger, 'itself'] as const)('is not Ready, and says what to do: the trigger is %o', async account => {
    const hook = await inSystem({ trigger: account, triggerPolicy: true })
    expect(readyReason(hook)).toBe('Forbidden')
    expect(trueConditions(hook)).toEqual(['Stalled'])
    expect(messageOf(hook)).toContain(
      'the admission policy receiver-hooks-trigger stops the trigger from changing anything in namespace receiver-hooks. ' +
        'Move this hook and its target to another namespace, or set serviceAccountName, so that the hook acts as that account',
    )
  })

  test('is Ready where there is no such policy', async () => {
    expect(trueConditions(await inSystem({ triggerPolicy: false }))).toEqual(['Ready'])
  })

  test('is Ready where it acts as an account', async () => {
    const hook = await inSystem({ triggerPolicy: true }, { serviceAccountName: 'web' })
    expect(trueConditions(hook)).toEqual(['Ready'])
  })

  test('is Ready where its driver writes nothing', async () => {
    const forward = { service: { name: 'jenkins', port: 'http' }, path: '/hook/' }
    const hook = await inSystem({ triggerPolicy: true }, { driver: 'forward', scale: undefined, forward })
    expect(trueConditions(hook)).toEqual(['Ready'])
  })

  test('does not keep the hooks of other namespaces from being Ready', async () => {
    const x = await setUp(new Set(scaling), { triggerPolicy: true })
    await x.createHook('web-up')
    expect(trueConditions(await x.becomes('web-up', 'Valid'))).toEqual(['Ready'])
  })
})

test.each([4000, 10_000])(
  'a right that was taken is noticed with the first post that is refused, %i ms later',
  async ms => {
    const given = new Set([...scaling, 'patch deployments.apps'])
    const x = await setUp(given)
    const { metadata } = await redeploys(x)
    await x.becomes('web-push', 'Valid')
    given.delete('patch deployments.apps')
    await x.pass(ms)
    expect(trueConditions(await x.hook('web-push'))).toEqual(['Ready'])
    const recent = [{ at: x.clock.now(), sender: 'plain', outcome: 'failed', reason: 'Forbidden' }] as const
    await create(x.api, records, shop, {
      apiVersion,
      kind: recordKind,
      metadata: {
        name: 'web-push',
        ownerReferences: [{ apiVersion, kind: hookKind, name: 'web-push', uid: metadata.uid ?? '' }],
      },
      content: JSON.stringify(storedOf({ ...emptyMemory, recent, counts: { failed: 1 } })),
    })
    await x.pass(5_000)
    expect(trueConditions(await x.hook('web-push'))).toEqual(['Stalled'])
  },
)

test('the hooks of a namespace share the answers', async () => {
  const x = await setUp(new Set(scaling))
  for (let index = 0; index < 50; index++) await x.createHook(`web-${index}`)
  for (let index = 0; index < 50; index++) await x.becomes(`web-${index}`, 'Valid')
  expect(x.asked).toHaveLength(scaling.length)
})

test('reviews are of the trigger as the API server knows it', async () => {
  const x = await setUp(new Set(scaling))
  await x.createHook('web-up')
  await x.becomes('web-up', 'Valid')
  const [first] = x.asked
  expect(first?.path).toBe('/apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews')
  expect(at(parseJson(first?.body ?? ''), 'spec')).toMatchObject({
    user: 'system:serviceaccount:receiver-hooks:receiver-hooks-trigger',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:receiver-hooks', 'system:authenticated'],
  })
})

test('where one process is both roles, it asks for itself, and names its one account', async () => {
  const x = await setUp(new Set(scaling), { trigger: 'itself' })
  await redeploys(x)
  const hook = await x.becomes('web-push', 'Forbidden')
  expect(messageOf(hook)).toContain('--serviceaccount=receiver-hooks:receiver-hooks-trigger"')
  expect(new Set(x.asked.map(({ path }) => path))).toEqual(
    new Set(['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews']),
  )
  expect(stringAt(hook, 'status', 'triggerURL')).toBeDefined()
})

test('where nobody may ask, a hook is Ready, and the log says so once', async () => {
  const before = ({ path }: ApiRequest): Promise<ApiResponse> | undefined =>
    path.endsWith('accessreviews') ? Promise.resolve({ status: 403, headers: {}, body: '{}' }) : undefined
  const x = await setUp(new Set(), { before })
  await redeploys(x)
  await x.createHook('web-up')
  await x.becomes('web-push', 'Valid')
  await x.becomes('web-up', 'Valid')
  expect(x.process.lines.filter(line => line.includes('localsubjectaccessreviews'))).toHaveLength(1)
})
