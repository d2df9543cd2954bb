import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { requestsPolicy } from '../../scripts/deploy/requests.ts'
import { accountsIn } from '../../scripts/deploy/policies.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { read } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { agent, type Agent } from '../support/agent.ts'
import { cluster, product, type Cluster } from '../support/product.ts'
import { enforce, requestRights, said } from './enforced.ts'
import { installation, rightsOfBase } from './installation.ts'

/** Makes a cluster with the policy, a trigger that has its own rights alone, and a user. */
const setUp = async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const { as } = await installation(here, [...rightsOfBase(), ...requestRights])
  await enforce(here, requestsPolicy(accountsIn(here.systemNamespace)))
  await product(here, { trigger: false })
  await product({ ...here, api: as.trigger }, { controller: false, requests: true })
  const user = `ann-${randomBytes(4).toString('hex')}`
  const allow = async (verb: string, name: string): Promise<void> => {
    const role = `${verb}-${name}`
    const object = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: role },
      rules: [
        { apiGroups: ['receiverhooks.dev'], resources: ['receiverhooks'], resourceNames: [name], verbs: [verb] },
        {
          apiGroups: ['receiverhooks.dev'],
          resources: ['receiverhookrequests', 'receiverhookrequests/status'],
          verbs: ['create', 'get', 'patch', 'update'],
        },
      ],
    }
    await said(here, ['create', '-n', here.namespace, '-f', '-'], object)
    await said(here, ['create', 'rolebinding', role, '-n', here.namespace, `--role=${role}`, `--user=${user}`])
  }
  const ask = async (name: string, spec: object): Promise<string> =>
    await said(here, ['create', '--as', user, '-n', here.namespace, '-f', '-'], {
      apiVersion,
      kind: requestKind,
      metadata: { name },
      spec: { hook: 'web-up', by: { user }, ...spec },
    })
  await here.createHook('web-up', {})
  await here.url('web-up')
  // The policy is in force a moment after it was made.
  const asBob = {
    apiVersion,
    kind: requestKind,
    metadata: { name: 'x' },
    spec: { hook: 'web-up', by: { user: 'bob' } },
  }
  await here.until(
    () => said(here, ['create', '--dry-run=server', '-n', here.namespace, '-f', '-'], asBob),
    text => text.includes('write spec.by'),
  )
  return { here, user, allow, ask }
}

const answerTo = async ({ api, namespace, until }: Cluster, name: string): Promise<unknown> =>
  at(
    await until(
      () => read(api, requests, namespace, name),
      found => stringAt(found, 'status', 'state') === 'Done',
    ),
    'status',
    'answer',
  )

describe('a request', () => {
  it('runs for who has the verb run on the hook, by a trigger with its own rights alone', async () => {
    const { allow, ask, here, user } = await setUp()
    await allow('run', 'web-up')
    await here.until(
      () => ask('one', {}),
      text => text.includes('created'),
    )
    expect(await answerTo(here, 'one')).toMatchObject({ status: 200, outcome: 'applied', from: 2, to: 3 })
    const hook = await here.until(
      () => here.hook('web-up'),
      found => at(found, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(hook, 'status', 'lastDelivery', 'by')).toEqual({ user })
  })

  it('is refused without that verb, in the name of another, and where somebody answers or changes it', async () => {
    const { allow, ask, here, user } = await setUp()
    await allow('get', 'web-up')
    await here.until(
      () => ask('dry', { dryRun: true }),
      text => text.includes('created'),
    )
    expect(await answerTo(here, 'dry')).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
    expect(await ask('one', {})).toContain(`${user} may not run ReceiverHook/web-up: that needs the verb run`)
    await allow('run', 'web-up')
    await here.until(
      () => ask('two', { by: { user: 'bob' } }),
      text => text.includes(`write spec.by: {user: "${user}"}`),
    )
    expect(await ask('three', { by: { user, secret: 'x' } })).toContain(`write spec.by: {user: "${user}"}`)
    expect(await ask('four', {})).toContain('created')
    expect(await answerTo(here, 'four')).toMatchObject({ from: 2, to: 3 })
    const patch = async (subresource: string, object: object): Promise<string> =>
      await said(here, [
        ...['patch', 'rhreq', 'four', '--as', user, '-n', here.namespace, '--type=merge'],
        ...(subresource === '' ? [] : [`--subresource=${subresource}`]),
        ...['-p', JSON.stringify(object)],
      ])
    expect(await patch('status', { status: { state: null } })).toContain('only the trigger writes the answer')
    expect(await patch('', { spec: { key: 'again' } })).toContain('a request cannot be changed: make a new one')
    expect(await here.replicas('web')).toBe(3)
  })
})

describe('an agent', () => {
  it('is offered the hooks that its user may run, and runs no other one', { timeout: 240_000 }, async () => {
    const { allow, here, user } = await setUp()
    const { kubeconfig, namespace } = here
    await here.createHook('web-down', { action: 'down' })
    for (const name of ['web-up', 'web-down']) {
      await here.patchHook(name, { metadata: { labels: { 'receiverhooks.dev/agents': 'true' } } })
      await here.url(name)
    }
    const reads = ['--verb=get,list', '--resource=receiverhooks.receiverhooks.dev']
    await said(here, ['create', 'role', 'reads', '-n', namespace, ...reads])
    await said(here, ['create', 'rolebinding', 'reads', '-n', namespace, '--role=reads', `--user=${user}`])
    await allow('run', 'web-up')
    const names = { up: `${namespace}_web-up`, down: `${namespace}_web-down` }
    const asker = await agent(kubeconfig, ['-n', namespace, '--as', user])
    const listed = async ({ tools }: Agent): Promise<readonly string[]> => (await tools()).tools.map(({ name }) => name)
    await here.until(
      () => listed(asker).catch(() => []),
      found => found.length === 2,
    )
    const runner = await agent(kubeconfig, ['-n', namespace, '--as', user, '--allow-run'])
    await here.until(
      () => listed(runner),
      found => found.join() === names.up,
    )
    const confirmOf = async (tool: string): Promise<unknown> =>
      (
        await here.until(
          () => runner.call(tool),
          ({ isError }) => !isError,
        )
      ).content['confirm']
    const down = await runner.call(names.down, { confirm: await confirmOf(names.down) })
    expect(down).toEqual({
      isError: true,
      content: { message: "The API server refused. This server's log says why." },
    })
    expect(await here.replicas('web')).toBe(2)
    const confirm = await confirmOf(names.up)
    const answers = await Promise.all([1, 2, 3].map(() => runner.call(names.up, { confirm })))
    for (const answer of answers) expect(answer).toMatchObject({ isError: false, content: { from: 2, to: 3 } })
    expect(await here.replicas('web')).toBe(3)
    const hook = await here.until(
      () => here.hook('web-up'),
      found => at(found, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(hook, 'status', 'lastDelivery', 'by')).toEqual({ user })
  })
})
