import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { drivers } from '../../src/drivers/registry.ts'
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
