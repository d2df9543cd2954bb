import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { autoscalers, scalableKinds, scaledObjects } from '../../src/kube/resources.ts'
import { apiVersionOf, type ResourceType } from '../../src/kube/paths.ts'
import { base, blocksIn, manifestsOfBase, nameOf } from '../deploy/manifests.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, until } from '../support/product.ts'
import { applyBase } from './installation.ts'

let applied: readonly string[]

beforeAll(async () => {
  applied = await applyBase(inject('kubeconfig'))
})

it('the API server accepts every object of deploy/kustomize/base, and applying it again changes none', async () => {
  expect(applied.length).toBeGreaterThan(19)
  expect(applied.filter(line => !/ (created|configured|unchanged)$/.test(line))).toEqual([])
  const versions = async (): Promise<readonly string[]> => {
    const columns = 'custom-columns=:kind,:metadata.name,:metadata.resourceVersion'
    return (await kubectl(inject('kubeconfig'), ['get', '-k', base, '-o', columns])).stdout.trim().split('\n')
  }
  // The API server writes into the status of a kind until it is served, and into that of a flow schema.
  await cluster()
  let before = await versions()
  await until(async () => {
    const former = before
    before = await versions()
    return before.join() === former.join()
  }, Boolean)
  expect(before).toHaveLength(applied.length)
  await applyBase(inject('kubeconfig'))
  expect(await versions()).toEqual(before)
})

describe('the pods of the base', () => {
  const create = (spec: object): Promise<Ran> => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'trial-' }, spec }
    const args = ['-n', 'receiver-hooks', 'create', '--dry-run=server', '-f', '-']
    return kubectl(inject('kubeconfig'), args, JSON.stringify(pod))
  }
  const pods = manifestsOfBase().flatMap(({ object }) => {
    const spec = at(object, 'spec', 'template', 'spec')
    return isObject(spec) ? [{ name: nameOf(object), spec }] : []
  })

  it.each(pods)('are let into their namespace: $name', async ({ spec }) => {
    expect(await create(spec)).toMatchObject({ code: 0, stderr: '' })
    expect((await create({ ...spec, hostNetwork: true })).stderr).toContain('violates PodSecurity "restricted')
  })
})

it("accepts the examples of the chart's page on Artifact Hub", async () => {
  const { kubeconfig, namespace } = await cluster()
  const annotations = at(parse(readFileSync('deploy/helm/receiver-hooks/Chart.yaml', 'utf8')), 'annotations')
  const examples: unknown = parse(stringAt(annotations, 'artifacthub.io/crdsExamples') ?? '')
  const items = Array.isArray(examples) ? examples : []
  expect(items.length).toBeGreaterThan(1)
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  expect(await kubectl(kubeconfig, ['-n', namespace, 'create', '-f', '-'], list)).toMatchObject({ code: 0, stderr: '' })
})

/** Returns a namespace, and what ann may do there: nothing but what commands of the how-to give her. */
const shop = async () => {
  const { kubeconfig, namespace } = await cluster()
  const run = (args: readonly string[], stdin = ''): Promise<Ran> =>
    kubectl(kubeconfig, ['-n', namespace, ...args], stdin)
  const ann = (args: readonly string[], stdin = ''): Promise<Ran> => run(['--as=ann', ...args], stdin)
  const succeed = async (ran: Promise<Ran>): Promise<void> => expect(await ran).toMatchObject({ code: 0, stderr: '' })
  return {
    namespace,
    run,
    ann,
    /** Runs the commands of the how-to that create something of this name. */
    howTo: async (name: string) => {
      const commands = blocksIn('docs/how-to/install.md', 'console')
        .flatMap(block => block.split('\n'))
        .filter(line => line.startsWith('kubectl -n shop create') && line.includes(` ${name} `))
      expect(commands.length).toBeGreaterThan(0)
      for (const command of commands) await succeed(run(command.split(' ').slice(3)))
    },
    apply: (target: object, spec: object = {}, by = ann) =>
      by(
        ['apply', '-f', '-'],
        JSON.stringify({
          apiVersion,
          kind: hookKind,
          metadata: { name: 'web-up' },
          spec: { driver: 'scale', scale: { target, action: 'up', max: 3 }, ...spec },
        }),
      ),
    succeed,
    may: async (user: string, ...what: readonly string[]) =>
      (await run([`--as=${user}`, 'auth', 'can-i', ...what])).stdout.trim(),
  }
}

/** Returns what the policy says; a new policy or right is gone by a moment after it was stored. */
const refusal = async (attempt: () => Promise<Ran>): Promise<string> =>
  (await until(attempt, ({ code, stderr }) => code !== 0 && stderr.includes('denied request'))).stderr.replace(
    /^.*denied request: /s,
    '',
  )

const allowed = (attempt: () => Promise<Ran>): Promise<Ran> => until(attempt, ({ code }) => code === 0)

describe('somebody who may write hooks and nothing else', () => {
  it('may do so by the command of the how-to, and may not write their status', async () => {
    const { howTo, may } = await shop()
    expect(await may('ann', 'create', 'receiverhooks.receiverhooks.dev')).toBe('no')
    await howTo('hook-authors')
    // A right that was just stored is known a moment later.
    await until(
      () => may('ann', 'create', 'receiverhooks.receiverhooks.dev'),
      answer => answer === 'yes',
    )
    expect(await may('ann', 'patch', 'receiverhooks.receiverhooks.dev', '--subresource=status')).toBe('no')
  })

  const groupOf = ({ group }: Pick<ResourceType, 'group'>): string => (group === '' ? '' : ` (API group ${group})`)

  it.each(scalableKinds)('may not write one on a $kind, but may once allowed to scale it', async type => {
    const { ann, apply, howTo, namespace, run, succeed } = await shop()
    await howTo('hook-authors')
    const target = { apiVersion: apiVersionOf(type), kind: type.kind, name: 'web' }
    expect(await refusal(() => apply(target))).toBe(
      `ann may not scale ${type.kind}/web: writing this hook needs the right to patch ${type.resource}/scale` +
        `${groupOf(type)} in namespace ${namespace}\n`,
    )
    const resource = `${type.resource}${type.group === '' ? '' : `.${type.group}`}/scale`
    await succeed(run(['create', 'role', 'scale-web', '--verb=patch', `--resource=${resource}`, '--resource-name=web']))
    await succeed(run(['create', 'rolebinding', 'scale-web', '--role=scale-web', '--user=ann']))
    await allowed(() => apply(target))
    expect(await refusal(() => apply({ ...target, name: 'other' }))).toContain(`ann may not scale ${type.kind}/other`)
    await succeed(ann(['delete', 'receiverhooks', 'web-up']))
  })

  it.each<readonly [ResourceType, resource: string, does: string]>([
    [autoscalers, 'horizontalpodautoscalers', 'change the minimum of'],
    [scaledObjects, 'scaledobjects', 'change the minimum of'],
    [{ group: 'counts.example.com', version: 'v1', resource: 'proxies', kind: 'Proxy' }, 'proxies/scale', 'scale'],
  ])('may not write one on a $kind, but may once allowed to change it', async (type, resource, does) => {
    const { ann, apply, howTo, namespace, run, succeed } = await shop()
    await howTo('hook-authors')
    const target = { apiVersion: apiVersionOf(type), kind: type.kind, name: 'web' }
    expect(await refusal(() => apply(target))).toBe(
      `ann may not ${does} ${type.kind}/web: writing this hook needs the right to patch ${resource}` +
        `${groupOf(type)} in namespace ${namespace}\n`,
    )
    const rules = [{ apiGroups: [type.group], resources: [resource], resourceNames: ['web'], verbs: ['patch'] }]
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'scale-web' }, rules }
    await succeed(run(['apply', '-f', '-'], JSON.stringify(role)))
    await succeed(run(['create', 'rolebinding', 'scale-web', '--role=scale-web', '--user=ann']))
    await allowed(() => apply(target))
    expect(await refusal(() => apply({ ...target, name: 'other' }))).toContain(`ann may not ${does} ${type.kind}/other`)
    await succeed(ann(['delete', 'receiverhooks', 'web-up']))
  })

  it('may write one on a Deployment after the commands of the how-to', async () => {
    const { apply, howTo } = await shop()
    await howTo('hook-authors')
    await refusal(() => apply({ name: 'web' }))
    await howTo('scale-web')
    expect(await allowed(() => apply({ name: 'web' }))).toHaveProperty(
      'stdout',
      'receiverhook.receiverhooks.dev/web-up created\n',
    )
  })

  it.each([
    ["a kind whose group is the API server's", { apiVersion: 'apps/v1', kind: 'DaemonSet' }],
    ['a kind that cannot be scaled', { apiVersion: 'v1', kind: 'Pod' }],
  ])('may not write one on %s, and nobody else may either', async (_name, type) => {
    const { ann, apply, howTo, run } = await shop()
    await howTo('hook-authors')
    for (const by of [ann, run]) {
      const { code, stderr } = await until(
        () => apply({ ...type, name: 'web' }, {}, by),
        ran => ran.stderr.includes('cannot be scaled') || ran.code === 0,
      )
      expect(stderr).toContain('cannot be scaled: use one of apps/v1 Deployment')
      expect(code).toBe(1)
    }
  })

  it('may not change what the hook of another does, but may label and close it', async () => {
    const { ann, apply, howTo, run, succeed } = await shop()
    await howTo('hook-authors')
    await succeed(apply({ name: 'web' }, {}, run))
    const patch = (spec: object): readonly string[] => [
      ...['patch', 'receiverhook', 'web-up', '--type=merge', '-p'],
      JSON.stringify({ spec }),
    ]
    const refused = [
      { scale: { max: 9 } },
      { suspend: true, scale: { max: 9 } },
      { suspend: true, cooldown: '1h' },
      { token: { rotation: 1, expiresAfter: '24h' } },
    ]
    for (const spec of refused)
      expect(await refusal(() => ann(patch(spec)))).toContain('ann may not scale Deployment/web')
    await succeed(ann(['label', 'receiverhook', 'web-up', 'team=shop']))
    await succeed(ann(patch({ suspend: true })))
    await succeed(ann(patch({ token: { rotation: 1, overlap: '0s' } })))
    await succeed(ann(patch({ token: { overlap: '5m' } })))
    await succeed(ann(patch({ token: { rotation: 2 }, suspend: true })))
    for (const spec of [{ suspend: false }, { suspend: null }, { suspend: false, token: { rotation: 3 } }]) {
      expect(await refusal(() => ann(patch(spec)))).toContain('ann may not scale Deployment/web')
    }
    expect((await ann(patch({ token: { rotation: 0 } }))).stderr).toContain('rotation')
  })

  it('may have no Secret made without the right to create Secrets', async () => {
    const { apply, howTo, namespace, run, succeed } = await shop()
    await howTo('hook-authors')
    await howTo('scale-web')
    const attempt = (): Promise<Ran> => apply({ name: 'web' }, { token: { secretName: 'web-url' } })
    expect(
      await until(
        () => refusal(attempt),
        said => !said.includes('may not scale'),
      ),
    ).toBe(
      `ann may not have a Secret made: setting token.secretName needs the right to create secrets in namespace ${namespace}\n`,
    )
    await succeed(run(['create', 'role', 'secrets', '--verb=create', '--resource=secrets']))
    await succeed(run(['create', 'rolebinding', 'secrets', '--role=secrets', '--user=ann']))
    await allowed(attempt)
  })

  it.each([
    ['bearer', { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } }],
    ['basic', { basic: { secretRef: { name: 'senders' } } }],
    ['header', { header: { name: 'X-Secret', secretKeyRef: { name: 'senders', key: 'token' } } }],
    ['path', { path: { secretKeyRef: { name: 'senders', key: 'token' } } }, { url: 'named' }],
    ['hmac', { hmac: { secretKeyRef: { name: 'senders', key: 'token' } } }],
    ['standardWebhooks', { standardWebhooks: { secretKeyRef: { name: 'senders', key: 'token' } } }],
  ])(
    'may not ask senders for what is in a Secret (%s) without the right to read that',
    async (_form, auth, token: object = {}) => {
      const { apply, howTo, namespace, run, succeed } = await shop()
      await howTo('hook-authors')
      await howTo('scale-web')
      const attempt = (): Promise<Ran> => apply({ name: 'web' }, { auth, token })
      expect(
        await until(
          () => refusal(attempt),
          said => !said.includes('may not scale'),
        ),
      ).toBe(`ann may not read Secret/senders: setting auth needs the right to get secrets in namespace ${namespace}\n`)
      await succeed(run(['create', 'role', 'senders', '--verb=get', '--resource=secrets', '--resource-name=senders']))
      await succeed(run(['create', 'rolebinding', 'senders', '--role=senders', '--user=ann']))
      await allowed(attempt)
    },
  )
})

it('the command of the how-to lets the controller write Secrets in that namespace alone', async () => {
  const here = await shop()
  const elsewhere = await shop()
  const controller = 'system:serviceaccount:receiver-hooks:receiver-hooks-controller'
  expect(await here.may(controller, 'create', 'secrets')).toBe('no')
  await here.howTo('receiver-hooks-secrets')
  await until(
    () => here.may(controller, 'create', 'secrets'),
    answer => answer === 'yes',
  )
  expect(await elsewhere.may(controller, 'create', 'secrets')).toBe('no')
})

it('the command of the how-to for auth lets both accounts read Secrets of that namespace by name, and no more', async () => {
  const here = await shop()
  const elsewhere = await shop()
  const ask = async ({ may }: typeof here, verb: string): Promise<readonly string[]> =>
    await Promise.all(
      ['controller', 'trigger'].map(account =>
        may(`system:serviceaccount:receiver-hooks:receiver-hooks-${account}`, verb, 'secrets'),
      ),
    )
  expect(await ask(here, 'get')).toEqual(['no', 'no'])
  const command = blocksIn('docs/how-to/authenticate-senders.md', 'console')
    .flatMap(block => block.trim().split('\n'))
    .find(line => line.includes(' create rolebinding receiver-hooks-auth '))
  const [program, , namespace, ...args] = command?.split(' ') ?? []
  expect([program, namespace]).toEqual(['kubectl', 'shop'])
  await here.succeed(here.run(args))
  await until(
    () => ask(here, 'get'),
    answers => answers.every(answer => answer === 'yes'),
  )
  for (const refused of [await ask(here, 'list'), await ask(here, 'watch'), await ask(elsewhere, 'get')]) {
    expect(refused).toEqual(['no', 'no'])
  }
})

describe('somebody who may patch the public keys and nothing else', () => {
  const keys = ['configmap', 'receiver-hooks-public-keys']
  const kubectlIn = (args: readonly string[]): Promise<Ran> =>
    kubectl(inject('kubeconfig'), ['-n', 'receiver-hooks', ...args])

  it('may stop all hooks, and may not change the keys', async () => {
    onTestFinished(async () => {
      await kubectlIn(['delete', ...keys, 'role/stop-hooks', 'rolebinding/stop-hooks', '--ignore-not-found'])
    })
    const rights = ['--verb=get,patch', '--resource=configmaps', `--resource-name=${keys[1]}`]
    await kubectlIn(['create', 'role', 'stop-hooks', ...rights])
    await kubectlIn(['create', 'rolebinding', 'stop-hooks', '--role=stop-hooks', '--user=bea'])
    await kubectlIn(['create', ...keys, '--from-literal=jwks.json={}'])
    const patch = (by: readonly string[], change: object): Promise<Ran> =>
      kubectlIn([...by, 'patch', ...keys, '--type=merge', '-p', JSON.stringify(change)])
    const stop = { metadata: { annotations: { 'receiverhooks.dev/stop': 'lunch' } } }
    await allowed(() => patch(['--as=bea'], stop))
    const forged = { data: { 'jwks.json': '{"keys":[]}' } }
    for (const change of [
      forged,
      { ...stop, ...forged },
      { data: null },
      { binaryData: { a: 'YQ==' } },
      { immutable: true },
    ]) {
      expect(await refusal(() => patch(['--as=bea'], change))).toContain(
        'bea may not change the public keys: that needs the right to get secrets "receiver-hooks-signing-keys"',
      )
    }
    expect(await patch([], forged)).toMatchObject({ code: 0 })
    expect(await patch(['--as=system:serviceaccount:receiver-hooks:receiver-hooks-controller'], stop)).toMatchObject({
      code: 1,
    })
  })

  it('the controller may publish keys', async () => {
    onTestFinished(async () => void (await kubectlIn(['delete', ...keys, '--ignore-not-found'])))
    await kubectlIn(['create', ...keys, '--from-literal=jwks.json={}'])
    const controller = '--as=system:serviceaccount:receiver-hooks:receiver-hooks-controller'
    const metadata = { name: keys[1] }
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'jwks.json': '{"keys":[]}' } }
    const replaced = await kubectl(
      inject('kubeconfig'),
      ['-n', 'receiver-hooks', controller, 'replace', '-f', '-'],
      JSON.stringify(manifest),
    )
    expect(replaced).toMatchObject({ code: 0 })
  })
})
