import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { drivers } from '../../src/drivers/registry.ts'
import { workloadSelector } from '../../src/drivers/rollouts/schema.ts'
import { declarations } from '../../src/drivers/schemas.ts'

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
  expect(from('src/steps/').filter(path => path !== 'src/steps/arithmetic.ts')).toEqual([])
})

it('declares each driver by its own name and schema', () => {
  expect(drivers.map(({ name, schema }) => ({ name, schema }))).toEqual(
    declarations.map(({ name, schema }) => ({ name, schema })),
  )
})

it.each([
  { length: 253 + 1 + 63, isAllowed: true },
  { length: 253 + 1 + 64, isAllowed: false },
])('a label of a selector may have a name of 317 characters and no more: $length', ({ isAllowed, length }) => {
  const [rule] = workloadSelector.properties.matchLabels['x-kubernetes-validations']
  expect(rule.rule).toBe('self.all(name, name.size() <= 317)')
  expect(rule.holds({ app: 'web', ['x'.repeat(length)]: 'y' })).toBe(isAllowed)
})
