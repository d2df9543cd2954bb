import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, postUntilDone, until, type Cluster } from '../support/product.ts'
import { network, serviceServer } from '../support/service-server.ts'
import { applyBase, installation, rightsOfBase, rightsOfDriver, titleOf, type Right } from './installation.ts'
import { readinessOf, runRoles } from './roles.ts'

const member = { service: { name: 'jenkins', port: 'http' } }
const hook = {
  apiVersion,
  kind: hookKind,
  metadata: { name: 'to-jenkins' },
  spec: { driver: 'forward', forward: member },
}

const createService = async ({ api, namespace }: Cluster): Promise<string> => {
  const made = await create(api, serviceType, namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'jenkins' },
    spec: { selector: { app: 'jenkins' }, ports: [{ name: 'http', port: 8080 }] },
  })
  return stringAt(made, 'spec', 'clusterIP') ?? ''
}

/** Starts both roles, each as its own account with these rights, and a Service with a hook to it. */
const setUp = async (rights: readonly Right[]) => {
  const here = await cluster()
  const { as } = await installation(here, rights)
  const { heard, port: servicePort } = await serviceServer(response => void response.end())
  const { outbound } = network(new Map([[`${await createService(here)}:8080`, servicePort]]))
  const port = await runRoles(here, as, { outbound })
  await create(here.api, hooks, here.namespace, hook)
  const { pathname } = new URL(await here.url('to-jenkins'))
  const ready = (): Promise<string> => readinessOf(here, 'to-jenkins')
  return { ...here, heard, ready, url: `http://127.0.0.1:${port}${pathname}` }
}

const all = [...rightsOfBase(), ...rightsOfDriver('forward')]
const without = (account: Right['account']): readonly Right[] =>
  all.filter(right => !(right.account === account && right.resource === 'services'))

describe('the rights of the component forward', () => {
  it('are these, and each of them is missed below', () => {
    expect(rightsOfDriver('forward').map(titleOf)).toEqual(['controller: get services', 'trigger: get services'])
    for (const account of ['controller', 'trigger'] as const) expect(without(account)).toHaveLength(all.length - 1)
    expect(isDeepStrictEqual(without('controller'), without('trigger'))).toBe(false)
  })

  it('are enough: the hook is Ready, and a post is passed on', async () => {
    const { heard, ready, url } = await setUp(all)
    expect(await ready()).toMatch(/^True Valid/)
    expect(await postUntilDone(url)).toMatchObject({ status: 200, body: { reason: 'Forwarded' } })
    expect(heard).toHaveLength(1)
  })

  it('without that of the trigger a hook is not Ready, and a post says which right is missing', async () => {
    const { heard, ready, url } = await setUp(without('trigger'))
    expect(await ready()).toMatch(/^False Forbidden: .*get.*services/)
    const { body, status } = await postUntilDone(url)
    expect(status).toBe(422)
    expect(body['reason']).toBe('Forbidden')
    expect(body['message']).toMatch(/receiver-hooks-trigger" cannot get resource "services"/)
    expect(heard).toEqual([])
  })

  it('without that of the controller a hook is not Ready, since its Service cannot be checked', async () => {
    const { ready } = await setUp(without('controller'))
    expect(await ready()).toMatch(/^False Forbidden: .*services/)
  })
})

describe('who writes a hook that forwards', () => {
  beforeAll(() => applyBase(inject('kubeconfig')))

  it('needs the right to post to that very Service through the API server', async () => {
    const { kubeconfig, namespace } = await cluster()
    const run = (args: readonly string[], stdin = ''): Promise<Ran> =>
      kubectl(kubeconfig, ['-n', namespace, ...args], stdin)
    const may = async (name: string, verb: string, resource: string, ...more: readonly string[]): Promise<void> => {
      const role = ['create', 'role', name, `--verb=${verb}`, `--resource=${resource}`, ...more]
      expect(await run(role)).toMatchObject({ code: 0 })
      expect(await run(['create', 'rolebinding', name, `--role=${name}`, '--user=ann'])).toMatchObject({ code: 0 })
    }
    const apply = (service: object = member.service, ...more: readonly string[]): Promise<Ran> =>
      run(
        ['--as=ann', 'apply', ...more, '-f', '-'],
        JSON.stringify({ ...hook, spec: { ...hook.spec, forward: { service } } }),
      )
    await may('hooks', 'get,create,patch', 'receiverhooks.receiverhooks.dev')
    // To read a Service, or to post to another one, is not enough.
    await may('read', 'get', 'services')
    await may('other', 'create', 'services/proxy', '--resource-name=other')
    // A hook that was stored before the policy is in force would stay.
    const { stderr } = await until(
      () => apply(member.service, '--dry-run=server'),
      ({ code, stderr }) => code !== 0 && stderr.includes('denied request'),
    )
    expect(stderr).toContain(
      `ann may not post to Service/jenkins: writing this hook needs the right to create services/proxy in namespace ${namespace}`,
    )
    await may('post', 'create', 'services/proxy', '--resource-name=jenkins')
    await until(
      () => apply(),
      ({ code }) => code === 0,
    )
    expect((await apply({ name: 'third', port: 80 })).stderr).toContain('ann may not post to Service/third')
  })
})
