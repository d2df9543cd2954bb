import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { withDefaults } from '../../cli/spec/defaults.ts'
import { isHookSpec } from '../../dashboard/server/row.ts'
import { driverOf, drivers, isViolation } from '../../src/drivers/registry.ts'
import { workloadSelector } from '../../src/drivers/rollouts/schema.ts'
import { declarations, hookSpecSchema } from '../../src/drivers/schemas.ts'

it('can be bundled for a browser, and brings none of the drivers', async () => {
  const { metafile, warnings } = await build({
    entryPoints: ['src/drivers/schemas.ts', 'src/api/guard.ts', 'src/api/reasons.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    outdir: 'nowhere',
    metafile: true,
  })
  expect(warnings).toEqual([])
  const from = (folder: string) => Object.keys(metafile.inputs).filter(path => path.startsWith(folder))
  expect(from('src/drivers/')).toEqual(
    expect.arrayContaining(['src/drivers/schemas.ts', 'src/drivers/scale/schema.ts']),
  )
  expect(from('src/drivers/').filter(path => !/schemas?\.ts$/.test(path))).toEqual([])
  // Both are pure: the arithmetic, and the list of what can be held.
  const pure = ['src/steps/arithmetic.ts', 'src/steps/target/held-kinds.ts']
  expect(from('src/steps/').filter(path => !pure.includes(path))).toEqual([])
})

it('declares each driver by its own name and schema', () => {
  expect(drivers.map(({ name, schema }) => ({ name, schema }))).toEqual(
    declarations.map(({ name, schema }) => ({ name, schema })),
  )
})

const { matchLabels } = workloadSelector.properties
const prefix = `${'a'.repeat(251)}.b`

it.each([
  ['app', true],
  ['A', true],
  ['app.kubernetes.io/part-of', true],
  ['a_b.c-D', true],
  ['x'.repeat(63), true],
  [`${prefix}/${'x'.repeat(63)}`, true],
  ['x'.repeat(64), false],
  [`${prefix}/${'x'.repeat(64)}`, false],
  [`${prefix}b/x`, false],
  ...['', '/', '/app', 'a/', 'a/b/c', 'A.b/app', 'a..b/c', '-a', 'a-', '_a', 'a.', 'app!', '!app', 'é'].map(
    (name): [string, boolean] => [name, false],
  ),
  ...['app in (a)', 'app,tier', 'app=a', 'app\n', ' app', '😀'].map((name): [string, boolean] => [name, false]),
])('a label of a selector may have a name as Kubernetes allows it: %s', (name, isAllowed) => {
  const [rule] = matchLabels['x-kubernetes-validations']
  expect(rule.holds({ app: 'web', [name]: 'y' })).toBe(isAllowed)
})

it.each([
  ...['', 'web', '1', 'a_b.c-D', 'x'.repeat(63)].map((value): [string, boolean] => [value, true]),
  ...['my app', 'web,tier', 'web,!tier', 'a=b', '-a', 'a-', '.', 'é', 'web\n', 'a/b'].map(
    (value): [string, boolean] => [value, false],
  ),
])('a label of a selector may have a value as Kubernetes allows it: %s', (value, isAllowed) => {
  const [rule] = matchLabels.additionalProperties['x-kubernetes-validations']
  expect(rule.holds(value)).toBe(isAllowed)
})

it('a hook that was stored with other labels breaks a rule, and is not bound', () => {
  const stored = (matchLabels: object) => {
    const spec = withDefaults(hookSpecSchema, { driver: 'restart', restart: { selector: { matchLabels } } })
    if (!isHookSpec(spec)) throw new Error('it has no driver')
    const bound = driverOf(spec)
    return isViolation(bound) ? bound.path : 'bound'
  }
  const labels = [{ app: 'web' }, { app: 'web,tier' }, { 'app!': 'web' }]
  expect(labels.map(stored)).toEqual([
    'bound',
    'spec.restart.selector.matchLabels.app',
    'spec.restart.selector.matchLabels',
  ])
})
