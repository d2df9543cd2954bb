import { beforeAll, expect, inject, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { violations } from '../../src/api/guard.ts'
import { readFileSync } from 'node:fs'
import { at } from '../../src/api/json.ts'
import { recordPlural } from '../../src/api/record.ts'
import { withDefaults } from '../../cli/spec/defaults.ts'
import { hookSpecSchema } from '../../src/drivers/schemas.ts'
import { blocksIn, blockWith } from '../deploy/manifests.ts'
import { commandLine } from '../support/command-line.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, postUntilDone, product, until } from '../support/product.ts'
import { applyBase, installation, rightsOfBase } from './installation.ts'

const file = 'docs/how-to/rights.md#let-a-hook-act-as-a-service-account'

beforeAll(() => applyBase(inject('kubeconfig')))

it('the page and the example have one hook, which the schema takes', () => {
  const spec: unknown = at(parse(blockWith(file, 'yaml', 'kind: ReceiverHook')), 'spec')
  expect(at(parse(readFileSync('deploy/examples/account.yaml', 'utf8')), 'spec')).toEqual(spec)
  expect([...violations(hookSpecSchema, withDefaults(hookSpecSchema, spec), 'spec')]).toEqual([])
})

it('who follows the page has a hook that runs as the account, and doctor has nothing to say about it', async () => {
  const here = await cluster()
  const { as } = await installation(
    here,
    rightsOfBase().filter(
      ({ account, kind, resource }) =>
        account === 'controller' || kind === 'Role' || ['receiverhooks', recordPlural].includes(resource),
    ),
  )
  /** Returns a text of the page, which is for the namespace `shop`, for the namespaces of this test. */
  const onceMore = (text: string): string =>
    text
      .replaceAll(/(namespace: |-n )shop\b/g, `$1${here.namespace}`)
      .replaceAll(/namespace: receiver-hooks\b/g, `namespace: ${here.systemNamespace}`)
  const run = async (args: readonly string[], stdin = ''): Promise<string> => {
    const ran = await kubectl(here.kubeconfig, args, stdin)
    expect(ran).toMatchObject({ code: 0 })
    return ran.stdout
  }
  const [createAccount = '', letAct = '', check = ''] = blocksIn(file, 'console')
  const words = (line: string): readonly string[] => onceMore(line).trim().split(' ').slice(1)

  await here.createDeployment('web', 1)
  await product(
    { ...here, api: as.controller },
    {
      trigger: false,
      publicURL: 'http://replaced.example.com',
      triggerAccount: { namespace: here.systemNamespace, name: 'receiver-hooks-trigger' },
    },
  )
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
  await run(words(createAccount))
  await run(['apply', '-f', '-'], onceMore(blockWith(file, 'yaml', 'kind: RoleBinding')))
  const folder = /apply -k (\S+)/.exec(letAct)?.[1] ?? ''
  const component = await run(['kustomize', folder])
  expect(parseAllDocuments(component).length).toBeGreaterThan(2)
  await run(['-n', here.namespace, 'apply', '-f', '-'], onceMore(component))
  await run(['apply', '-f', '-'], onceMore(blockWith(file, 'yaml', 'kind: ReceiverHook')))
  const { pathname } = new URL(await here.url('web-up'))
  const posted = await until(
    () => postUntilDone(`http://127.0.0.1:${triggerPort}${pathname}`),
    ({ status }) => status === 200,
  )
  expect(posted.body).toMatchObject({ reason: 'Stepped', from: 1, to: 2 })
  const [describe = '', doctor = ''] = check.split('\n')
  const plugin = (line: string) => commandLine(here.kubeconfig, words(line).slice(1))
  const described = await until(
    () => plugin(describe),
    ({ stdout }) => stdout.includes('Ready True'),
  )
  expect(described.stdout).toMatch(/^Acts as: +ServiceAccount\/hooks, with only its rights$/m)
  const account = `account ${here.namespace}/hooks`
  expect((await plugin(doctor)).stdout).toContain(`ok       ${account}: it may do what its hooks need, and no more`)

  // Then it may do more, and less.
  const role = ['-n', here.namespace, 'patch', 'role', 'hooks', '--type=json', '-p']
  const more = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }
  await run([...role, JSON.stringify([{ op: 'replace', path: '/rules/1', value: more }])])
  const said = (
    await until(
      () => plugin(doctor),
      ({ stdout }) => stdout.includes('it may not'),
    )
  ).stdout
  expect(said).toContain(`warning  ${account}: it may not patch deployments.apps/scale, which its hooks need`)
  expect(said).toContain(`warning  ${account}: it may do more than its hook needs: get secrets, list secrets`)
})
