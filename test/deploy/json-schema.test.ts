import { globSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { at, isObject, parseJson } from '../../src/api/json.ts'
import { hookKind } from '../../src/api/names.ts'
import { samples } from '../../apiserver/playground/samples.ts'

const schema = parseJson(readFileSync('deploy/schema/receiverhook_v1alpha1.json', 'utf8'))
const isValid = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
  isObject(schema) ? schema : {},
)

/** Returns where a manifest is wrong, and how. */
const faultsIn = (manifest: unknown): readonly string[] =>
  isValid(manifest)
    ? []
    : (isValid.errors ?? []).map(({ instancePath, message, params }) =>
        [instancePath, message, params['additionalProperty'] ?? ''].join(' ').trim(),
      )

const examples = globSync('deploy/examples/**/*.yaml').flatMap(file =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document): [string, unknown] => [file, document.toJS()]),
)
const hooks = [...examples, ...samples.map(([path, object]): [string, unknown] => [path, object])].filter(
  ([, object]) => at(object, 'kind') === hookKind,
)

it('the JSON Schema takes every hook of the examples and of the playground', () => {
  expect(hooks.length).toBeGreaterThan(10)
  expect(hooks.map(([where, hook]) => [where, faultsIn(hook)]).filter(([, faults]) => faults?.length !== 0)).toEqual([])
})

const scale = { target: { name: 'web' }, action: 'up', max: 3 }

it.each<[string, object, string]>([
  [
    'a field that there is not',
    { driver: 'scale', scale: { ...scale, maxx: 3 } },
    '/spec/scale must NOT have additional properties maxx',
  ],
  ['a text for a number', { driver: 'scale', scale: { ...scale, max: '3' } }, '/spec/scale/max must be integer'],
  [
    'another word than those that there are',
    { driver: 'scale', scale: { ...scale, action: 'sideways' } },
    '/spec/scale/action must be equal to one of the allowed values',
  ],
  ['a driver that is left out', { scale }, "/spec must have required property 'driver'"],
  ['a number below the least', { driver: 'scale', scale: { ...scale, min: -1 } }, '/spec/scale/min must be >= 0'],
])('the JSON Schema refuses %s', (_what, spec, fault) => {
  const manifest = { apiVersion: 'receiverhooks.dev/v1alpha1', kind: hookKind, metadata: { name: 'web-up' }, spec }
  expect(faultsIn({ ...manifest, spec: { driver: 'scale', scale } })).toEqual([])
  expect(faultsIn(manifest)).toContain(fault)
})
