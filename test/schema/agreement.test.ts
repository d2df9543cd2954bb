import { describe, expect, test } from 'vitest'
import { firstViolation } from '../../src/api/guard.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { crd, hookSchema } from '../../src/drivers/registry.ts'
import { fakeClock } from '../support/clock.ts'
import { fc, property } from '../support/property.ts'
import { seededRandom } from '../support/random.ts'

const server = createApiServer({ clock: fakeClock(), random: seededRandom(1) })
const post = (path: string, body: object) =>
  server.handle({ method: 'POST', path, query: {}, contentType: 'application/json', body: JSON.stringify(body) })
post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)

let hooks = 0
const admits = (spec: object): boolean => {
  const metadata = { name: `hook-${hooks++}` }
  const { body, status } = post(`/apis/${apiVersion}/namespaces/default/receiverhooks`, {
    apiVersion,
    kind: hookKind,
    metadata,
    spec,
  })
  if (status !== 201 && status !== 422) throw new Error(body)
  return status === 201
}

const spec = hookSchema.properties['spec'] ?? hookSchema
const mostly = <T>(good: fc.Arbitrary<T>, ...bad: T[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: good, weight: 20 }, { arbitrary: fc.constantFrom(...bad), weight: 1 })

const duration = mostly<string>(
  fc.constantFrom('0s', '1m', '90s', '5m', '1h30m', '1500ms', '59s', '24h', '25h'),
  '',
  '5',
  'm',
  '-1m',
  '5 m',
  '1.5h',
)
const name = mostly<string>(fc.constantFrom('web', 'a.b-c', 'x1', '0'), '', 'Web', '-a', 'a-', 'a..b', 'a_b', 'é')
const by = mostly<string | number>(
  fc.oneof(fc.integer({ min: 1, max: 2147483647 }), fc.constantFrom('1%', '25%', '999%')),
  0,
  -3,
  2147483648,
  '0%',
  '1000%',
  '5',
  '%',
  '25 %',
)
/** Every member that the API server would have filled in is there, since the guard judges what is stored. */
const specs = fc.record(
  {
    driver: mostly(fc.constant('scale'), 'other'),
    scale: fc.record({
      target: fc.record({ apiVersion: fc.constant('apps/v1'), kind: fc.constant('Deployment'), name }),
      action: mostly(fc.constantFrom('up', 'down'), 'left'),
      by,
      min: fc.integer({ min: 0, max: 4 }),
      max: fc.integer({ min: 1, max: 12 }),
      overshoot: mostly(fc.constantFrom('clamp', 'reject'), 'wrap'),
    }),
    suspend: fc.boolean(),
    onResolved: mostly(fc.constantFrom('ignore', 'run'), 'undo'),
    cooldown: duration,
    dedupeWindow: duration,
    token: fc.record(
      { rotation: fc.integer({ min: 0, max: 3 }), overlap: duration, expiresAfter: duration, secretName: name },
      { requiredKeys: ['rotation', 'overlap'] },
    ),
  },
  { requiredKeys: ['driver', 'suspend', 'onResolved', 'cooldown', 'dedupeWindow', 'token'] },
)

describe('admission and the check at a first delivery', () => {
  property('judge every spec alike', [specs], written => {
    const violation = firstViolation(spec, written, 'spec')
    expect({ written, admitted: admits(written), violation }).toEqual({
      written,
      admitted: violation === undefined,
      violation,
    })
  })

  test('are compared on good and on bad specs', () => {
    const verdicts = fc.sample(specs, { numRuns: 400, seed: 1 }).map(written => firstViolation(spec, written, 'spec'))
    expect(verdicts.filter(violation => violation === undefined).length).toBeGreaterThan(20)
    expect(new Set(verdicts.map(violation => violation?.path)).size).toBeGreaterThan(8)
  })
})
