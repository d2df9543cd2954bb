import { expect, test } from 'vitest'
import { at, isObject } from '../../src/api/json.ts'
import { crds, drivers } from '../../src/drivers/registry.ts'

/** Lists the bounds that a CRD sets for values, and the places where it sets none. */
const walked = (schema: unknown, path: string): { readonly chars: number; readonly unbounded: readonly string[] } => {
  const bound = (member: string): number | undefined => {
    const value = at(schema, member)
    return typeof value === 'number' ? value : undefined
  }
  const many = (count: number | undefined, inner: unknown, what: string) => {
    const each = walked(inner, path + what)
    return {
      chars: (count ?? 0) * each.chars,
      unbounded: [...(count === undefined ? [path + what] : []), ...each.unbounded],
    }
  }
  const values = at(schema, 'enum')
  if (Array.isArray(values)) return { chars: Math.max(...values.map(value => String(value).length)), unbounded: [] }
  if (at(schema, 'format') === 'date-time') return { chars: 64, unbounded: [] }
  switch (at(schema, 'x-kubernetes-int-or-string') === true ? 'string' : at(schema, 'type')) {
    case 'string': {
      const chars = bound('maxLength')
      return { chars: chars ?? 0, unbounded: chars === undefined ? [path] : [] }
    }
    case 'integer':
    case 'number':
    case 'boolean':
      return { chars: 8, unbounded: [] }
    case 'array':
      return many(bound('maxItems'), at(schema, 'items'), '[]')
    case 'object': {
      const additional = at(schema, 'additionalProperties')
      if (additional !== undefined) return many(bound('maxProperties'), additional, '{}')
      const properties = at(schema, 'properties')
      if (!isObject(properties)) return { chars: 0, unbounded: [path] }
      const members = Object.entries(properties).map(([name, member]) => walked(member, `${path}.${name}`))
      const each = new Map(Object.keys(properties).map((name, index) => [name, members[index]?.chars ?? 0]))
      const chosen = choicesIn(schema).map(names => names.map(name => each.get(name) ?? 0))
      const unused = chosen.reduce((sum, of) => sum + sumOf(of) - Math.max(...of), 0)
      return {
        chars: sumOf([...each.values()]) - unused,
        unbounded: members.flatMap(({ unbounded }) => unbounded),
      }
    }
    default:
      return { chars: 0, unbounded: [path] }
  }
}

/** Returns the members of which a schema takes one, for each such choice. */
const choicesIn = (schema: unknown): readonly (readonly string[])[] => {
  const rules = at(schema, 'x-kubernetes-validations')
  return (Array.isArray(rules) ? rules : []).flatMap(rule => {
    const [list] = /^\[(has\(self\.\w+\)(, )?)+\]\.exists_one\(/.exec(String(at(rule, 'rule'))) ?? []
    return list === undefined ? [] : [[...list.matchAll(/self\.(\w+)/g)].map(([, name = '']) => name)]
  })
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)

const members = crds.flatMap(crd => {
  const versions = at(crd, 'spec', 'versions')
  const properties = at(Array.isArray(versions) ? versions[0] : undefined, 'schema', 'openAPIV3Schema', 'properties')
  const name = at(crd, 'spec', 'names', 'kind')
  return Object.entries(isObject(properties) ? properties : {})
    .filter(([member]) => !['apiVersion', 'kind', 'metadata'].includes(member))
    .map(([member, schema]): [string, unknown] => [`${String(name)}.${member}`, schema])
})

test('the CRDs have a spec, a status and a content', () => {
  expect(members.map(([path]) => path).sort()).toEqual([
    'ReceiverHook.spec',
    'ReceiverHook.status',
    'ReceiverHookRecord.content',
    'ReceiverHookRequest.spec',
    'ReceiverHookRequest.status',
  ])
})

test.each(members)('no text, list or map in %s is unbounded', (path, schema) => {
  expect(walked(schema, path).unbounded).toEqual([])
})

test('the largest spec that the CRD takes is a quarter of what is kept of a hook', () => {
  const [, spec] = members.find(([path]) => path === 'ReceiverHook.spec') ?? []
  const chars = (path: readonly string[]): number => walked(at(spec, 'properties', ...path), '').chars
  const names = drivers.map(({ name }) => name)
  const sizes = names.map(name => chars([name]))
  expect(Math.min(...sizes)).toBeGreaterThan(0)
  // A spec has the member of one driver.
  const others = walked(spec, 'spec').chars - sizes.reduce((sum, size) => sum + size, 0)
  expect(others + Math.max(...sizes)).toBeLessThan(16 * 1024)
})
