import { describe, expect, it } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { optionalRights } from '../../src/drivers/cluster-roles.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { chart, helm } from '../support/helm.ts'
import { kindOf, listAt, nameOf, stringsAt } from './manifests.ts'
import { rendered } from './rendered.ts'

describe('with its default values', () => {
  it('makes at most 30 objects in one pod, as the pages begin', async () => {
    const made = await rendered('single=true', 'drivers.scale.namespaces={shop}')
    expect(made.length).toBeLessThanOrEqual(30)
  })

  it('makes no ClusterRole that it does not bind, but for the one of people', async () => {
    const made = await rendered()
    const names = (kind: string): readonly string[] => made.filter(object => kindOf(object) === kind).map(nameOf)
    expect(names('ClusterRole').toSorted()).toEqual([...names('ClusterRoleBinding'), 'receiver-hooks-edit'].toSorted())
  })

  it('lets the trigger change no target anywhere, and nobody write hooks who could not before', async () => {
    const made = await rendered()
    expect(JSON.stringify(made)).not.toContain('aggregate-to-')
    const rules = made
      .filter(object => kindOf(object).endsWith('Role') && nameOf(object).includes('-trigger'))
      .flatMap(object => listAt(object, 'rules'))
      .filter(rule => !stringsAt(rule, 'verbs').every(verb => ['get', 'list', 'watch'].includes(verb)))
    expect(rules.flatMap(rule => stringsAt(rule, 'resources'))).toEqual(['receiverhookrecords'])
  })

  it('says what to do where no registry has the image', async () => {
    const { code, stderr } = await helm('template', 'x', chart)
    expect(code).not.toBe(0)
    expect(stderr).toContain('push the image to yours and set image.registry')
  })
})

it('scales workloads in the namespaces that are named alone', async () => {
  const made = await rendered('drivers.scale.namespaces={shop,yard}')
  const bound = made.filter(object => stringAt(object, 'roleRef', 'name') === 'receiver-hooks-trigger-targets')
  expect(bound.map(object => [kindOf(object), stringAt(object, 'metadata', 'namespace')])).toEqual([
    ['RoleBinding', 'shop'],
    ['RoleBinding', 'yard'],
  ])
  expect(made.map(nameOf)).toContain('receiver-hooks-trigger-targets')
})

it.each([
  ...['secrets.everywhere=true', 'secrets.namespaces={shop}', 'auth.namespaces={shop}'],
  ...['accounts.namespaces.shop={hooks}', 'watchNamespaces={shop,yard}'],
  ...['scale', ...optionalRights(drivers).map(({ name }) => name)].flatMap(name => [
    `drivers.${name}.everywhere=true`,
    `drivers.${name}.namespaces={shop}`,
  ]),
])('makes each role that %s binds', async value => {
  const made = await rendered(value)
  const roles = made.filter(object => kindOf(object).endsWith('Role'))
  const refs = made.flatMap(object => {
    const name = stringAt(object, 'roleRef', 'name')
    return name === undefined ? [] : `${stringAt(object, 'roleRef', 'kind') ?? ''} ${name}`
  })
  expect(roles.map(role => `${kindOf(role)} ${nameOf(role)}`)).toEqual(expect.arrayContaining(refs))
})
