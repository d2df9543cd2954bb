import { describe, expect, it } from 'vitest'
import { firstViolation, violations } from '../../src/api/guard.ts'
import { specSchema } from '../../src/api/hook.ts'
import { hookSchema } from '../../src/drivers/schemas.ts'
import { scaleSchema } from '../../src/drivers/scale/schema.ts'
import { specDefaults } from '../support/hooks.ts'

const stored = {
  driver: 'scale',
  scale: {
    target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    action: 'up',
    by: 1,
    min: 1,
    max: 10,
    overshoot: 'clamp',
  },
  ...specDefaults,
}
const spec = hookSchema.properties['spec'] ?? hookSchema
const scale = (change: object) => ({ ...stored, scale: { ...stored.scale, ...change } })

describe('a stored spec', () => {
  it('without a mistake has no violation', () => {
    expect(firstViolation(spec, stored, 'spec')).toBeUndefined()
    expect(firstViolation(spec, { ...stored, later: 'unknown fields are passed over' }, 'spec')).toBeUndefined()
  })

  it.each<[string, unknown, string, string]>([
    ['no object', 'spec', 'spec', 'must be an object'],
    ['no driver', { ...stored, driver: undefined }, 'spec.driver', 'must be set'],
    ['an unknown driver', { ...stored, driver: 'x' }, 'spec.driver', 'must be one of scale'],
    ['no member', { ...stored, scale: undefined }, 'spec.scale', 'must be set, because driver is scale'],
    ['no default', scale({ by: undefined }), 'spec.scale.by', 'must be set'],
    ['a wrong type', scale({ max: '10' }), 'spec.scale.max', 'must be an integer'],
    ['a step that is no step', scale({ by: '0%' }), 'spec.scale.by', 'must be a count of at least 1'],
    ['a step that is a list', scale({ by: [] }), 'spec.scale.by', 'must be an integer or a string'],
    ['a step up without an end', scale({ max: undefined }), 'spec.scale.max', 'must be set, because action is up'],
    ['min above max', scale({ min: 11 }), 'spec.scale.max', 'must not be below min'],
    ['a max of 0', scale({ max: 0, min: 0 }), 'spec.scale.max', 'must be at least 1'],
    [
      'a bad name',
      scale({ target: { ...stored.scale.target, name: 'A' } }),
      'spec.scale.target.name',
      'must be an object name',
    ],
    [
      'a long name',
      scale({ target: { ...stored.scale.target, name: 'a'.repeat(254) } }),
      'spec.scale.target.name',
      'at most 253',
    ],
    ['a bad duration', { ...stored, token: { rotation: 0, overlap: '5' } }, 'spec.token.overlap', 'must be a duration'],
    [
      'too long an overlap',
      { ...stored, token: { rotation: 0, overlap: '1h', expiresAfter: '30m' } },
      'spec.token.overlap',
      'must be shorter',
    ],
    ['no boolean', { ...stored, suspend: 'false' }, 'spec.suspend', 'must be true or false'],
  ])('with %s says where and what to write', (_name, value, path, message) => {
    const violation = firstViolation(spec, value, 'spec')
    expect(violation?.path).toBe(path)
    expect(violation?.message).toContain(message)
  })

  it('has all its violations at once, in the order of the schema, each rule where what it judges has its shape', () => {
    const wrong = { ...scale({ by: '0%', min: 20, action: 'left', target: {} }), suspend: 1, cooldown: '5' }
    expect(violations(spec, wrong, 'spec').map(({ path }) => path)).toEqual([
      'spec.scale.target.apiVersion',
      'spec.scale.target.kind',
      'spec.scale.target.name',
      'spec.scale.action',
      'spec.scale.by',
      'spec.suspend',
      'spec.cooldown',
    ])
    expect(violations(spec, scale({ by: '0%', min: 20 }), 'spec').map(({ path }) => path)).toEqual([
      'spec.scale.by',
      'spec.scale.max',
    ])
    expect(violations(spec, stored, 'spec')).toEqual([])
  })

  it('needs no max for a step down, which stops at min', () => {
    expect(firstViolation(spec, scale({ action: 'down', max: undefined }), 'spec')).toBeUndefined()
  })

  it('asks only those drivers to undo that can', () => {
    const other = { type: 'object', properties: {} } as const
    const two = specSchema({ scale: scaleSchema, other }, ['scale'], [])
    const undoing = { ...stored, onResolved: 'undo' }
    expect(firstViolation(two, undoing, 'spec')).toBeUndefined()
    expect(firstViolation(two, { ...undoing, driver: 'other', other: {}, scale: undefined }, 'spec')).toEqual({
      path: 'spec.onResolved',
      message: 'cannot be undo with this driver: use ignore or run (drivers that can undo: scale)',
    })
  })

  it.each([
    [{ type: 'number', minimum: 0.5 }, 0.75, undefined],
    [{ type: 'number', minimum: 0.5 }, 0.25, 'must be at least 0.5'],
    [{ type: 'number' }, '1', 'must be a number'],
    [{ 'x-kubernetes-int-or-string': true, maxLength: 2 }, 12345, undefined],
    [{ 'x-kubernetes-int-or-string': true, maxLength: 2 }, '123', 'must be at most 2 characters long'],
    [{ 'x-kubernetes-int-or-string': true }, 0.5, 'must be an integer or a string'],
    [{ type: 'string', format: 'date-time' }, '2026-12-20T00:00:00Z', undefined],
    [{ type: 'string', format: 'date-time' }, 'tomorrow', 'must be a time in RFC 3339, as in 2026-12-20T00:00:00Z'],
    [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, { any: [{ thing: 1 }] }, undefined],
    [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, [], 'must be an object'],
  ] as const)('of the schema %j takes or refuses %j', (schema, value, message) => {
    expect(firstViolation(schema, value, 'x')?.message).toBe(message)
  })

  it('has the member of its driver and no other', () => {
    const other = { type: 'object', properties: {} } as const
    const two = specSchema({ scale: scaleSchema, other }, ['scale'], [])
    expect(firstViolation(two, stored, 'spec')).toBeUndefined()
    expect(firstViolation(two, { ...stored, other: {} }, 'spec')).toEqual({
      path: 'spec.other',
      message: 'must not be set, because driver is not other: remove it, or set driver to other',
    })
    expect(firstViolation(two, { ...stored, driver: 'other', other: {} }, 'spec')?.path).toBe('spec.scale')
  })
})
