import { describe, expect, it } from 'vitest'
import { approvalPolicy, requestsPolicy } from '../../scripts/deploy/requests.ts'
import { accountsIn } from '../../scripts/deploy/policies.ts'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { read } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { cluster, deployments, post, product, type Cluster } from '../support/product.ts'
import { enforce, requestRights, said } from './enforced.ts'
import { installation, rightsOfBase } from './installation.ts'

const group = 'receiverhooks.dev'
const all = ['receiverhookrequests', 'receiverhookrequests/status']

/** The policy on authors asks for it of who writes these hooks, where another test has put that in force. */
const scales = { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch'] }

/** What each user of these tests may do. `mallory` may do everything with requests, and `root` everything. */
const rules = {
  ann: [
    { apiGroups: [group], resources: ['receiverhooks'], verbs: ['run'] },
    { apiGroups: [group], resources: all, verbs: ['create', 'get', 'patch'] },
  ],
  bob: [
    { apiGroups: [group], resources: ['receiverhooks'], resourceNames: ['web-up'], verbs: ['approve', 'patch'] },
    { apiGroups: [group], resources: all, verbs: ['create', 'get', 'patch'] },
    scales,
  ],
  carol: [
    { apiGroups: [group], resources: ['receiverhooks'], verbs: ['approve'] },
    { apiGroups: [group], resources: all, verbs: ['patch'] },
  ],
  mallory: [
    { apiGroups: [group], resources: ['receiverhooks'], verbs: ['create', 'get', 'patch', 'run'] },
    { apiGroups: [group], resources: all, verbs: ['*'] },
    scales,
  ],
  root: [{ apiGroups: [group, 'apps'], resources: ['*'], verbs: ['*'] }],
} as const
type User = keyof typeof rules

const bindAll = async (here: Cluster): Promise<void> => {
  for (const [user, of] of Object.entries(rules)) {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: user }, rules: of }
    await said(here, ['create', '-n', here.namespace, '-f', '-'], role)
    await said(here, ['create', 'rolebinding', user, '-n', here.namespace, `--role=${user}`, `--user=${user}`])
  }
}

/** Makes a cluster with both policies, and a trigger that has its own rights alone. */
const guarded = async (
  runs: boolean,
): Promise<Cluster & { readonly policies: readonly string[]; readonly origin: string }> => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const { as } = await installation(here, [...rightsOfBase(), ...requestRights])
  const policies = [
    await enforce(here, requestsPolicy(accountsIn(here.systemNamespace))),
    await enforce(here, approvalPolicy()),
  ]
  await bindAll(here)
  await product({ ...here, api: as.controller }, { trigger: false, requests: policies })
  const trigger = runs && (await product({ ...here, api: as.trigger }, { controller: false, requests: true }))
  await here.createHook('web-up', { max: 1000 }, { approval: { within: '15m' } })
  return { ...here, policies, origin: `http://127.0.0.1:${trigger ? trigger.triggerPort : 0}` }
}

const setUp = async ({ runs }: { readonly runs: boolean } = { runs: true }) => {
  const here = await guarded(runs)

  /** Sends as a user. Resolves with the status, and what the API server says. */
  const sent = async (
    user: User,
    request: Pick<ApiRequest, 'method' | 'path' | 'query'>,
    object: object,
  ): Promise<string> => {
    const { body, status } = await here.api.request({
      ...request,
      ...(request.method === 'PATCH' && { contentType: 'application/merge-patch+json' as const }),
      ...{ user, body: JSON.stringify(object), lane: 'bulk', timeoutMs: 10_000 },
    })
    return status < 300 ? `${status}` : `${status} ${stringAt(tryParseJson(body), 'message') ?? ''}`
  }
  const ask = async (user: User, name: string, spec: object = {}): Promise<string> =>
    await sent(
      user,
      { method: 'POST', path: collectionPath(requests, here.namespace) },
      {
        apiVersion,
        kind: requestKind,
        metadata: { name },
        spec: { hook: 'web-up', by: { user }, ...spec },
      },
    )
  const patch = async (user: User, type: ResourceType, name: string, change: object, sub?: string): Promise<string> =>
    await sent(user, { method: 'PATCH', path: objectPath(type, here.namespace, name, sub) }, change)
  const scale = async (replicas: number): Promise<string> =>
    await patch('root', deployments, 'web', { spec: { replicas } })
  const decide = async (user: User, name: string, decision: object): Promise<string> =>
    await patch(user, requests, name, { spec: { decision: { is: 'Approved', by: user, ...decision } } })
  const status = async (name: string, state: string): Promise<unknown> => {
    const found = await here.until(
      () => read(here.api, requests, here.namespace, name),
      object => stringAt(object, 'status', 'state') === state,
    )
    return at(found, 'status')
  }
  const shown = async (name: string): Promise<string> =>
    stringAt(await status(name, 'Awaiting'), 'effect', 'digest') ?? ''
  /** Says how a request has ended that was shown with this effect. Closes it if it is shown again. */
  const ending = async (name: string, effect: string): Promise<string> => {
    const found = await here.until(
      () => read(here.api, requests, here.namespace, name),
      object =>
        stringAt(object, 'status', 'state') === 'Done' || stringAt(object, 'status', 'effect', 'digest') !== effect,
    )
    const [answer, text] = [at(found, 'status', 'answer'), stringAt(found, 'status', 'effect', 'text')]
    if (answer === undefined) {
      await decide('bob', name, { effect: await shown(name), is: 'Denied' })
      await status(name, 'Done')
      return 'shown again'
    }
    if (stringAt(answer, 'reason') === 'Denied') return 'denied'
    const [from, to] = ['from', 'to'].map(member => String(at(answer, member)))
    return text === `Deployment/web would go from ${from} to ${to}` ? 'run as shown' : 'run otherwise'
  }
  const settled = async (does: () => Promise<string>, wanted: string): Promise<void> =>
    void (await here.until(does, text => text.includes(wanted)))
  // The policies are in force a moment after they were made.
  const forged = { spec: { approval: null } }
  // Those of the last user are known after those of the others.
  const trial = { path: objectPath(hooks, here.namespace, 'web-up'), query: { dryRun: 'All' } }
  await settled(() => sent('mallory', { method: 'PATCH', ...trial }, forged), 'may not change ReceiverHook/web-up')
  await settled(() => sent('root', { method: 'PATCH', ...trial }, { metadata: { labels: { a: 'b' } } }), '200')
  const asBob = {
    apiVersion,
    kind: requestKind,
    metadata: { name: 'x' },
    spec: { hook: 'web-up', by: { user: 'bob' } },
  }
  const trying = { path: collectionPath(requests, here.namespace), query: { dryRun: 'All' } }
  await settled(() => sent('ann', { method: 'POST', ...trying }, asBob), 'write spec.by')
  return { here, ending, scale, ask, decide, patch, sent, settled, shown, status }
}

describe('a decision', () => {
  it('is taken of who may approve, about what is shown, and nobody else', async () => {
    const { ask, decide, here, patch, settled, shown, status } = await setUp()
    await settled(
      () => ask('ann', 'made', { decision: { is: 'Approved', by: 'ann', effect: 'x' } }),
      'nothing can be decided',
    )
    await settled(() => ask('ann', 'one'), '201')
    const effect = await shown('one')
    expect(await decide('mallory', 'one', { effect })).toContain('mallory may not decide about ReceiverHook/web-up')
    expect(await decide('mallory', 'one', { effect, is: 'Denied' })).toContain('may not decide')
    expect(await decide('ann', 'one', { effect })).toContain('ann may not decide')
    await settled(() => decide('bob', 'one', { effect: 'x' }), 'is not what the request would do now')
    expect(await decide('bob', 'one', { effect, by: 'carol' })).toContain('write decision.by: "bob"')
    for (const user of ['ann', 'bob', 'mallory', 'root'] as const) {
      const forged = { status: { state: 'Done', effect: { text: 'nothing', digest: effect, asked: 1 } } }
      expect(await patch(user, requests, 'one', forged, 'status')).toContain('only the trigger writes the answer')
    }
    const along = { spec: { body: '{}', decision: { is: 'Approved', by: 'bob', effect } } }
    expect(await patch('bob', requests, 'one', along)).toContain('a request cannot be changed')
    expect(await here.replicas('web')).toBe(2)
    expect(await decide('bob', 'one', { effect })).toBe('200')
    expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'applied', from: 2, to: 3 } })
    expect(await decide('carol', 'one', { effect, is: 'Denied' })).toContain('422')
    expect(await patch('bob', requests, 'one', { spec: { decision: null } })).toContain("can't be taken back")
    expect(await here.replicas('web')).toBe(3)
  })

  it('is not taken about an effect of before, nor about another request of the name, and stays', async () => {
    const { ask, decide, here, patch, scale, settled, shown, status } = await setUp()
    await settled(() => ask('ann', 'one'), '201')
    const first = await shown('one')
    const { uid } = (await read(here.api, requests, here.namespace, 'one'))?.metadata ?? {}
    await scale(5)
    expect(await decide('bob', 'one', { effect: first })).toBe('200')
    await here.until(
      () => status('one', 'Awaiting'),
      found => at(found, 'effect', 'asked') === 2,
    )
    const second = await shown('one')
    expect(await decide('bob', 'one', { effect: first, why: 'still' })).toContain('is not what the request would do')
    for (const user of ['mallory', 'root'] as const) {
      expect(await patch(user, requests, 'one', { spec: { decision: null } })).toContain('be taken back')
    }
    await said(here, ['delete', 'rhreq', 'one', '--as', 'mallory', '-n', here.namespace])
    expect(await ask('mallory', 'one')).toBe('201')
    expect(await shown('one')).toBe(second)
    const approval = { metadata: { uid }, spec: { decision: { is: 'Approved', by: 'bob', effect: second } } }
    expect(await patch('bob', requests, 'one', approval)).toContain('metadata.uid')
    expect(await here.replicas('web')).toBe(5)
  })

  it('is taken of a member of a group that may approve', async () => {
    const { ask, here, settled, shown, status } = await setUp()
    const { namespace } = here
    await said(here, ['create', 'rolebinding', 'group', '-n', namespace, '--role=bob', '--group=approvers'])
    await settled(() => ask('ann', 'one'), '201')
    const decision = { is: 'Approved', by: 'dave', effect: await shown('one') }
    const args = [
      'patch',
      'rhreq',
      'one',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { decision } }),
    ]
    expect(await said(here, [...args, '--as=dave'])).toContain('User "dave" cannot')
    expect(await said(here, [...args, '--as=dave', '--as-group=approvers'])).toContain('patched')
    expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'applied', from: 2, to: 3 } })
  })

  it('is never of who asked, who may deny their own', async () => {
    const { ask, decide, here, settled, shown, status } = await setUp()
    await settled(() => ask('root', 'one'), '201')
    const effect = await shown('one')
    expect(await decide('root', 'one', { effect })).toContain('nobody may approve their own requests')
    expect(await decide('root', 'one', { effect, is: 'Denied' })).toBe('200')
    expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'Denied' } })
    expect(await here.replicas('web')).toBe(2)
  })

  it('is one of four in each of thirty races with each other and with a change of the effect', async () => {
    const { ask, decide, ending, here, scale, shown } = await setUp()
    let before = 2
    for (let race = 0; race < 30; race++) {
      const name = `race-${race}`
      // In every other race, somebody else sets the count.
      const isSet = race % 2 === 0
      expect(await ask('ann', name)).toBe('201')
      const effect = await shown(name)
      const writes = await Promise.all([
        decide('bob', name, { effect }),
        decide('carol', name, { effect }),
        decide('root', name, { effect }),
        decide('root', name, { effect, is: 'Denied' }),
        isSet ? scale(500 + race) : '',
      ])
      expect(writes.slice(0, 4).filter(text => text === '200')).toHaveLength(1)
      const ended = await ending(name, effect)
      expect(writes[3] === '200' ? ['denied'] : ['run as shown', isSet && 'shown again']).toContain(ended)
      const count = await here.replicas('web')
      expect(count).toBe(isSet ? 500 + race : before + (ended === 'denied' ? 0 : 1))
      before = count
    }
  })

  it('lets a post run, which only the trigger keeps as a request', async () => {
    const { ask, decide, here, patch, settled, shown, status } = await setUp()
    const to = here.origin + new URL(await here.url('web-up')).pathname
    const kept = { headers: {}, body: '' }
    for (const user of ['ann', 'mallory', 'root'] as const) {
      await settled(() => ask(user, 'forged', { post: kept }), 'only the trigger makes requests with spec.post')
      expect(await ask(user, 'web-up-0123456789abcdef.post')).toContain('only the trigger makes requests')
      expect(await ask(user, 'forged', { by: { secret: 'ci/token' } })).toContain(`write spec.by: {user: "${user}"}`)
    }
    const waiting = await here.until(
      () => post(to),
      ({ status: code }) => code === 202,
    )
    const name = stringAt(waiting.body, 'request') ?? ''
    const effect = await shown(name)
    expect(await patch('root', requests, name, { spec: { post: null } })).toContain('a request cannot be changed')
    expect(await decide('mallory', name, { effect })).toContain('may not decide')
    expect(await here.replicas('web')).toBe(2)
    expect(await decide('bob', name, { effect })).toBe('200')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied', from: 2, to: 3 } })
    expect(await here.replicas('web')).toBe(3)
  })

  it('needs a request that is shown', async () => {
    const { ask, decide, settled } = await setUp({ runs: false })
    await settled(() => ask('ann', 'one'), '201')
    expect(await decide('bob', 'one', { effect: '' })).toContain('nothing waits for a decision')
  })
})

describe('a hook with approval', () => {
  it('runs nothing once a policy that guards it does not deny any more', { timeout: 120_000 }, async () => {
    const { ask, here, patch, settled, shown, status } = await setUp()
    await ask('ann', 'before')
    const effect = await shown('before')
    const [policy = ''] = here.policies
    const binding = `validatingadmissionpolicybinding/${policy}`
    await said(here, ['patch', binding, '--type=merge', '-p', '{"spec":{"validationActions":["Audit"]}}'])
    // Without a change, it is noticed within four minutes.
    await here.patchHook('web-up', { spec: { scale: { max: 999 } } })
    const problem = `the admission policy ${policy} has a binding that does not deny`
    await here.until(
      () => here.hook('web-up'),
      hook => JSON.stringify(at(hook, 'status', 'conditions')).includes(problem),
    )
    // The API server knows a moment later what a binding does.
    const forged = { spec: { decision: { is: 'Approved', by: 'bob', effect } } }
    await settled(() => patch('mallory', requests, 'before', forged), '200')
    expect(await status('before', 'Done')).toMatchObject({ answer: { reason: 'ApprovalUnguarded' } })
    expect(await here.replicas('web')).toBe(2)
  })

  it('is changed only by who may approve', async () => {
    const { patch, settled } = await setUp({ runs: false })
    for (const change of [{ approval: null }, { approval: { within: '1m' } }, { suspend: true }]) {
      expect(await patch('mallory', hooks, 'web-up', { spec: change })).toContain('may not change ReceiverHook/web-up')
    }
    expect(await patch('mallory', hooks, 'web-up', { metadata: { labels: { a: 'b' } } })).toBe('200')
    await settled(() => patch('bob', hooks, 'web-up', { spec: { approval: { within: '1m' } } }), '200')
  })

  it('is the only one that a namespace with the label takes', async () => {
    const { here, patch, sent, settled } = await setUp({ runs: false })
    await here.createHook('before', {})
    await said(here, ['label', 'namespace', here.namespace, 'receiverhooks.dev/approval=required'])
    const make = async (name: string, approval?: object): Promise<string> =>
      await sent(
        'mallory',
        { method: 'POST', path: collectionPath(hooks, here.namespace) },
        {
          apiVersion,
          kind: hookKind,
          metadata: { name },
          spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 }, approval },
        },
      )
    await settled(() => make('one'), 'a hook in this namespace needs spec.approval')
    expect(await make('two', { within: '15m' })).toBe('201')
    expect(await patch('mallory', hooks, 'before', { spec: { suspend: true } })).toContain('needs spec.approval')
    // The garbage collector takes a finalizer away, and changes nothing else.
    const foreground = [
      'delete',
      'receiverhook',
      'before',
      '--cascade=foreground',
      '--wait=false',
      '-n',
      here.namespace,
    ]
    expect(await said(here, foreground)).toContain('deleted')
    expect(await patch('root', hooks, 'before', { metadata: { finalizers: null } })).toBe('200')
    expect(await here.hook('before')).toBeUndefined()
  })
})
