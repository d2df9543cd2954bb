import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion } from '../../src/api/names.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, product, until } from '../support/product.ts'
import { applyBase, connectionFor } from './installation.ts'

/** What the base's policies let the accounts of the product do, and whom they let write records, also against RBAC. */

const account = 'system:serviceaccount:receiver-hooks:receiver-hooks-trigger'
const run = (args: readonly string[], stdin = ''): Promise<Ran> => kubectl(inject('kubeconfig'), args, stdin)
const as = (user: string, namespace: string, args: readonly string[], stdin = ''): Promise<Ran> =>
  run([`--as=${user}`, '-n', namespace, ...args], stdin)

const denied = /denied request: (.*)\n$/s

/** Returns what a policy says; a policy is gone by a moment after it was stored. */
const refusal = async (attempt: () => Promise<Ran>): Promise<string | undefined> =>
  denied.exec((await until(attempt, ({ stderr }) => denied.test(stderr))).stderr)?.[1]

/** Returns a namespace in which the base's policies are in force. */
const namespace = async (): Promise<string> => {
  const name = `trial-${randomBytes(4).toString('hex')}`
  expect(await run(['create', 'namespace', name])).toMatchObject({ code: 0 })
  return name
}

const deploy = async (where: string): Promise<string> => {
  const name = `web-${randomBytes(4).toString('hex')}`
  expect(await run(['-n', where, 'create', 'deployment', name, '--image=web:1'])).toMatchObject({ code: 0 })
  onTestFinished(async () => void (await run(['-n', where, 'delete', 'deployment', name])))
  return name
}

/** Changes a count as the trigger does; kubectl would read it first, for which there is no right. */
const scale = async (where: string, name: string): Promise<{ readonly status: number; readonly said: string }> => {
  const api = await connectionFor({ ...(await cluster()), systemNamespace: 'receiver-hooks' }, 'trigger')
  const answer = await api.request({
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/${where}/deployments/${name}/scale`,
    contentType: 'application/merge-patch+json',
    body: '{"spec":{"replicas":2}}',
    lane: 'bulk',
    timeoutMs: 5000,
  })
  return { status: answer.status, said: stringAt(parseJson(answer.body), 'message') ?? '' }
}

const record = (where: string, content: string) =>
  JSON.stringify({
    apiVersion,
    kind: 'ReceiverHookRecord',
    metadata: { name: 'web-up', namespace: where },
    content,
  })

beforeAll(async () => {
  await applyBase(inject('kubeconfig'))
})

describe("the trigger's account", () => {
  it('scales what hooks scale', async () => {
    const where = await namespace()
    const name = await deploy(where)
    expect(await scale(where, name)).toEqual({ status: 200, said: '' })
    expect((await run(['-n', where, 'get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}'])).stdout).toBe('2')
  })

  it.each(['kube-system', 'receiver-hooks'])('changes nothing in %s', async where => {
    const name = await deploy(where)
    const { said } = await until(
      () => scale(where, name),
      ({ status }) => status !== 200,
    )
    expect(said).toMatch(new RegExp(`denied request: the trigger changes nothing in namespace ${where}$`))
  })

  it('changes nothing in kube-system, and a hook there is not Ready', async () => {
    const here = { ...(await cluster()), namespace: 'kube-system' }
    const name = await deploy('kube-system')
    const hook = {
      apiVersion,
      kind: 'ReceiverHook',
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name }, action: 'up', max: 3 } },
    }
    expect(await run(['-n', 'kube-system', 'create', '-f', '-'], JSON.stringify(hook))).toMatchObject({ code: 0 })
    onTestFinished(async () => void (await run(['-n', 'kube-system', 'delete', 'receiverhook', name])))
    await product(here, { trigger: false, triggerPolicy: true })
    const ready = '-o=jsonpath={.status.conditions[?(@.type=="Ready")].message}'
    const { stdout } = await until(
      () => run(['-n', 'kube-system', 'get', 'receiverhook', name, ready]),
      ({ stdout }) => stdout !== '',
    )
    expect(stdout).toContain('the admission policy receiver-hooks-trigger stops the trigger from changing anything')
  })

  it('is no reason for anybody else to be refused', async () => {
    const name = await deploy('kube-system')
    expect(await run(['-n', 'kube-system', 'scale', 'deployment', name, '--replicas=2'])).toMatchObject({ code: 0 })
  })
})

describe('a record', () => {
  /** Lets ann do everything with records that RBAC knows. */
  const mayWrite = async (where: string): Promise<void> => {
    const role = ['create', 'role', 'records', '--verb=*', '--resource=receiverhookrecords.receiverhooks.dev']
    expect(await run(['-n', where, ...role])).toMatchObject({ code: 0 })
    const binding = ['create', 'rolebinding', 'records', '--role=records', '--user=ann']
    expect(await run(['-n', where, ...binding])).toMatchObject({ code: 0 })
  }
  const said = 'ann may not write ReceiverHookRecords: only the trigger may'

  it("is written by the trigger's account, and by who may do everything", async () => {
    const where = await namespace()
    expect(await as(account, where, ['create', '-f', '-'], record(where, '{}'))).toMatchObject({ code: 0, stderr: '' })
    expect(await run(['replace', '-f', '-'], record(where, '{"rows":[]}'))).toMatchObject({ code: 0, stderr: '' })
  })

  it('is not made by anybody else, nor its content changed, but it may be labelled and deleted', async () => {
    const where = await namespace()
    await mayWrite(where)
    expect(
      await refusal(() => as('ann', where, ['create', '--dry-run=server', '-f', '-'], record(where, '{}'))),
    ).toContain(said)
    await as(account, where, ['create', '-f', '-'], record(where, '{}'))
    const patch = (change: object): Promise<Ran> =>
      as('ann', where, ['patch', 'receiverhookrecord', 'web-up', '--type=merge', '-p', JSON.stringify(change)])
    expect(await refusal(() => patch({ content: '{"rows":[]}' }))).toContain(said)
    expect(await refusal(() => patch({ content: null }))).toContain(said)
    expect(await patch({ metadata: { labels: { seen: 'yes' } } })).toMatchObject({ code: 0, stderr: '' })
    expect(await as('ann', where, ['delete', 'receiverhookrecord', 'web-up'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('is not made by an account of that name in a namespace of somebody who has all rights there, unless an administrator says so', async () => {
    const where = await namespace()
    const pretender = `system:serviceaccount:${where}:receiver-hooks-trigger`
    const all = ['create', 'rolebinding', 'all', '--clusterrole=cluster-admin', `--user=${pretender}`]
    expect(await run(['-n', where, ...all])).toMatchObject({ code: 0 })
    const write = (): Promise<Ran> => as(pretender, where, ['create', '-f', '-'], record(where, '{}'))
    expect(await refusal(write)).toContain(`${pretender} may not write ReceiverHookRecords: only the trigger may`)
    const allow = ['create', 'clusterrolebinding', where, '--clusterrole=receiver-hooks-records', `--user=${pretender}`]
    expect(await run(allow)).toMatchObject({ code: 0 })
    onTestFinished(async () => void (await run(['delete', 'clusterrolebinding', where])))
    expect(await until(write, ({ code }) => code === 0)).toMatchObject({ stderr: '' })
  })
})

describe("the controller's account", () => {
  const controller = 'system:serviceaccount:receiver-hooks:receiver-hooks-controller'
  const hook = { apiVersion, kind: 'ReceiverHook', name: 'web-up', uid: 'd3b0c5a2-0000-4000-8000-000000000000' }
  const secret = (name: string, owner: object | undefined, more: object = {}, annotations: object = {}): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, annotations, ...(owner && { ownerReferences: [{ ...hook, controller: true, ...owner }] }) },
      ...more,
    })
  /** Returns a namespace where it has what the component secrets gives it, and more. */
  const open = async (): Promise<string> => {
    const where = await namespace()
    const binding = ['create', 'rolebinding', 'secrets', '--clusterrole=cluster-admin', `--user=${controller}`]
    expect(await run(['-n', where, ...binding])).toMatchObject({ code: 0 })
    return where
  }
  const create = (where: string, text: string): Promise<Ran> => as(controller, where, ['create', '-f', '-'], text)

  it.each([
    ['no owner', secret('s', undefined), 'writes only Secrets that a ReceiverHook owns'],
    ['an owner of another kind', secret('s', { apiVersion: 'v1', kind: 'ConfigMap' }), 'that a ReceiverHook owns'],
    ['an owner that is not its controller', secret('s', { controller: false }), 'that a ReceiverHook owns'],
    [
      'the type of a token of another account',
      secret(
        's',
        {},
        { type: 'kubernetes.io/service-account-token' },
        { 'kubernetes.io/service-account.name': 'default' },
      ),
      'writes only Secrets of the type Opaque',
    ],
  ])('makes no Secret with %s', async (_what, text, said) => {
    const where = await open()
    expect(await refusal(() => create(where, text))).toContain(said)
  })

  it("makes, changes and deletes a hook's Secret, and leaves others alone", async () => {
    const where = await open()
    expect(await run(['-n', where, 'create', 'secret', 'generic', 'theirs', '--from-literal=a=b'])).toMatchObject({
      code: 0,
    })
    const remove = (name: string): Promise<Ran> => as(controller, where, ['delete', 'secret', name])
    const write = (name: string): Promise<Ran> => as(controller, where, ['replace', '-f', '-'], secret(name, {}))
    const said = 'the controller changes only Secrets that a ReceiverHook owns, and its signing keys'
    expect(await refusal(() => write('theirs'))).toContain(said)
    expect(await refusal(() => remove('theirs'))).toContain(said)
    expect(await create(where, secret('ours', {}))).toMatchObject({ code: 0, stderr: '' })
  })
})
