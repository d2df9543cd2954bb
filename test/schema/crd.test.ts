import { describe, expect, it } from 'vitest'
import { crdSchema, hookCrd } from '../../src/api/crd.ts'
import { specSchema } from '../../src/api/hook.ts'
import { at, isObject, type JsonObject } from '../../src/api/json.ts'
import type { Obj } from '../../src/api/schema.ts'
import { pageURL, site } from '../../src/api/site.ts'
import { crd } from '../../src/drivers/registry.ts'
import { columnMembers, declarations } from '../../src/drivers/schemas.ts'

const rule = { rule: 'true', message: 'must be so', holds: () => true }
const stripped = { rule: 'true', message: 'must be so' }

describe('the schema of a CRD', () => {
  it('keeps fields of every name, and rules at every depth without their functions', () => {
    const schema = {
      type: 'object',
      properties: {
        metadata: { type: 'object', properties: { labels: { type: 'string', 'x-kubernetes-validations': [rule] } } },
        holds: { type: 'boolean', default: false },
        rule: { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [rule] } },
        others: { type: 'object', additionalProperties: { type: 'integer', 'x-kubernetes-validations': [rule] } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
      'x-kubernetes-validations': [rule],
    } as const satisfies Obj
    expect(crdSchema(schema)).toEqual({
      type: 'object',
      properties: {
        metadata: {
          type: 'object',
          properties: { labels: { type: 'string', 'x-kubernetes-validations': [stripped] } },
        },
        holds: { type: 'boolean', default: false },
        rule: { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [stripped] } },
        others: { type: 'object', additionalProperties: { type: 'integer', 'x-kubernetes-validations': [stripped] } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
      'x-kubernetes-validations': [stripped],
    })
  })
})

it('has no default inside what one field manager owns as a whole', () => {
  const atomicDefaults = (schema: unknown, path: string, isInside: boolean): readonly string[] => {
    if (Array.isArray(schema))
      return schema.flatMap((each, index) => atomicDefaults(each, `${path}[${index}]`, isInside))
    if (!isObject(schema)) return []
    const isWhole =
      schema['x-kubernetes-map-type'] === 'atomic' ||
      (schema['type'] === 'array' && schema['x-kubernetes-list-type'] !== 'map')
    const here = isInside && schema['default'] !== undefined ? [path] : []
    const inside = Object.entries(schema).flatMap(([name, each]) =>
      atomicDefaults(each, `${path}.${name}`, isInside || isWhole),
    )
    return [...here, ...inside]
  }
  const list = { type: 'array', items: { type: 'string', default: 'a' } }
  expect(atomicDefaults(list, 'list', false)).toEqual(['list.items'])
  expect(atomicDefaults(crd, 'crd', false)).toEqual([])
})

describe('what kubectl explain shows', () => {
  const described = (value: unknown): readonly JsonObject[] =>
    Array.isArray(value)
      ? value.flatMap(described)
      : isObject(value)
        ? [...(typeof value['description'] === 'string' ? [value] : []), ...Object.values(value).flatMap(described)]
        : []
  const all = described(crd)

  it('names each default', () => {
    const withDefault = all.filter(({ default: value }) => value !== undefined && !isObject(value))
    expect(withDefault.length).toBeGreaterThan(12)
    for (const { default: value, description } of withDefault) {
      expect(description).toContain(`Defaults to ${JSON.stringify(value)}.`)
    }
  })

  it('says where a page is, and has no link', () => {
    const texts = all.map(({ description }) => String(description))
    expect(texts.filter(text => text.includes(']('))).toEqual([])
    const pages = texts.flatMap(text => [...text.matchAll(/\((https:[^()]*)\)/g)].map(([, page = '']) => page))
    expect(pages).toContain(pageURL('docs/reference/reasons.md'))
    // Those of the site are followed where it is built.
    expect(pages.filter(page => !page.startsWith(site))).toEqual([])
  })
})

describe('the columns', () => {
  const columnsOf = (members: Parameters<typeof hookCrd>[1]): unknown =>
    at(hookCrd(specSchema({}, [], []), members), 'spec', 'versions')
  const path = (members: Parameters<typeof hookCrd>[1], name: string): string | undefined =>
    new RegExp(`"name":"${name}","type":"\\w+","jsonPath":"([^"]*)"`).exec(JSON.stringify(columnsOf(members)))?.[1]

  it('show the member of whichever driver has it, and are left out where none does', () => {
    expect(path({}, 'Action')).toBeUndefined()
    expect(path({ Action: ['scale'] }, 'Action')).toBe('.spec.scale.action')
    expect(path({ Action: ['scale', 'other'] }, 'Action')).toBe(".spec['scale','other'].action")
  })

  it('are those that the drivers declare', () => {
    const other = {
      name: 'other',
      title: 'Other',
      asked: [],
      schema: { type: 'object', properties: {} },
      columns: ['By'],
      undoes: false,
      isApprovable: false,
    } as const
    expect(columnMembers([...declarations, other])).toMatchObject({
      Action: ['scale', 'scaleNodes'],
      By: ['scale', 'scaleNodes', 'other'],
    })
  })
})
