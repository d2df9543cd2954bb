import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import type { Obj, Schema } from '../../src/api/schema.ts'
import type { Option } from '../../src/commands/command.ts'
import { fieldsOf } from '../../cli/spec/fields.ts'
import { commonFields, fieldsOfDrivers, flagOf, specOfFlags, specOptions, withoutNulls } from '../../cli/spec/flags.ts'
import { kindNamed } from '../../cli/spec/kinds.ts'
import { checkHook } from '../../cli/spec/manifest.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { apiVersionOf } from '../../src/kube/paths.ts'
import { declarations, hookSpecSchema } from '../../src/drivers/schemas.ts'

/** Returns what would be given by flags such as `{ max: ['3'] }`. */
const given = (texts: Readonly<Record<string, readonly string[]>>) => ({
  arguments: [],
  get: <T>(option: Option<T>): T => option.read(texts[option.flag] ?? []),
})

/** Returns the paths of all members that have none of their own. */
const leaves = (schema: Schema, path: readonly string[]): readonly string[] =>
  'properties' in schema
    ? Object.entries(schema.properties).flatMap(([name, member]) => leaves(member, [...path, name]))
    : [path.join('.')]

describe('the flags of a spec', () => {
  it('are there for every field of every driver, and for every common one', () => {
    const fields = [...fieldsOfDrivers.values()].flat().concat(commonFields)
    const covered = (leaf: string): boolean =>
      fields.some(({ path }) => leaf === path.join('.') || leaf.startsWith(`${path.join('.')}.`))
    const all = leaves(hookSpecSchema, []).filter(leaf => leaf !== 'driver')
    expect(all.length).toBeGreaterThan(15)
    expect(all.filter(leaf => !covered(leaf))).toEqual([])
  })

  it('have names that occur once for a driver, and a meaning each', () => {
    for (const { name } of declarations) {
      const flags = [...(fieldsOfDrivers.get(name) ?? []), ...commonFields].map(({ flag }) => flag)
      expect(new Set(flags).size).toBe(flags.length)
    }
    for (const { flag, means } of specOptions) expect([flag, means]).toEqual([flag, expect.stringMatching(/^\S/)])
  })

  it.each([
    [{ target: ['web'], max: ['3'] }, { scale: { target: { name: 'web' }, max: 3 } }],
    [{ target: ['sts/db'] }, { scale: { target: { kind: 'StatefulSet', name: 'db' } } }],
    [
      { target: ['argoproj.io/v1alpha1/Rollout/web'] },
      { scale: { target: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web' } } },
    ],
    ...['hpa/api', 'HorizontalPodAutoscaler/api', 'horizontalpodautoscalers.autoscaling/api', 'HPA/api'].map(
      (target): [Record<string, string[]>, object] => [
        { target: [target] },
        { scale: { target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'api' } } },
      ],
    ),
    [{ target: ['rc/old'] }, { scale: { target: { apiVersion: 'v1', kind: 'ReplicationController', name: 'old' } } }],
    [
      { target: ['scaledobject/api'] },
      { scale: { target: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'api' } } },
    ],
    [{ target: ['deployments.apps/web'] }, { scale: { target: { kind: 'Deployment', name: 'web' } } }],
    [
      { target: ['autoscaling/v2/hpa/api'] },
      { scale: { target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'api' } } },
    ],
    [{ by: ['25%'] }, { scale: { by: '25%' } }],
    [{ by: ['2'] }, { scale: { by: 2 } }],
    [{ 'token-secret-name': ['web-url'] }, { token: { secretName: 'web-url' } }],
    [{ 'auth-bearer': ['alerts/token'] }, { auth: { bearer: { secretKeyRef: { name: 'alerts', key: 'token' } } } }],
    [
      { 'auth-sns-topic-arn': ['arn:aws:sns:eu-central-1:123456789012:x'] },
      { auth: { sns: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:x' } } },
    ],
    [{ 'auth-basic': ['alerts'] }, { auth: { basic: { secretRef: { name: 'alerts' } } } }],
    [
      { suspend: ['true'], when: [''] },
      { suspend: true, when: null },
    ],
  ])('%j is %j', (texts, spec) => {
    expect(specOfFlags(given(texts), 'scale')).toEqual(spec)
  })

  it.each([
    ['redeploy', { target: ['web'] }, { redeploy: { target: { name: 'web' } } }],
    ['redeploy', { target: ['cj/backup'] }, { redeploy: { target: { kind: 'CronJob', name: 'backup' } } }],
    ['scaleNodes', { target: ['md/a'] }, { scaleNodes: { target: { kind: 'MachineDeployment', name: 'a' } } }],
    [
      'scaleNodes',
      { target: ['clusters.provisioning.cattle.io/prod'] },
      { scaleNodes: { target: { apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', name: 'prod' } } },
    ],
    ['scaleNodes', { target: ['Cluster/prod'] }, { scaleNodes: { target: { kind: 'Cluster', name: 'prod' } } }],
    [
      'scaleNodes',
      { target: ['provisioning.cattle.io/v1/Cluster/prod'], 'target-pool': ['blue'] },
      {
        scaleNodes: {
          target: { apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', name: 'prod', pool: 'blue' },
        },
      },
    ],
    [
      'runJob',
      { 'cron-job': ['report'], env: ['MODE=full', 'A=b=c'], labels: ['severity', 'pod'], concurrency: ['forbid'] },
      {
        runJob: {
          cronJob: 'report',
          env: [
            { name: 'MODE', value: 'full' },
            { name: 'A', value: 'b=c' },
          ],
          labels: ['severity', 'pod'],
          concurrency: 'forbid',
        },
      },
    ],
    [
      'forward',
      { 'service-name': ['jenkins'], 'service-port': ['8080'], headers: ['X-A', 'X-B'], path: ['/hook'] },
      { forward: { service: { name: 'jenkins', port: 8080 }, headers: ['X-A', 'X-B'], path: '/hook' } },
    ],
    [
      'forward',
      { 'service-name': ['jenkins'], 'service-port': ['http'] },
      { forward: { service: { name: 'jenkins', port: 'http' } } },
    ],
  ])('name the target of %s as that of any driver: %j', (driver, texts, spec) => {
    expect(specOfFlags(given(texts), driver)).toEqual(spec)
  })

  it.each(
    drivers.flatMap(({ name, targets }) =>
      targets.map(({ type }) => [name, apiVersionOf(type), type.kind, type] as const),
    ),
  )('name what %s acts on, %s %s, by kind, plural and group', (_driver, apiVersion, kind, { group, resource }) => {
    const written = group === '' ? resource : `${resource}.${group}`
    expect(kindNamed(written)).toMatchObject({ apiVersion, kind })
    expect(kindNamed(kind)?.kind).toBe(kind)
  })

  it('stand under the drivers that they are for', () => {
    const groupOf = (flag: string) => specOptions.find(option => option.flag === flag)?.group
    expect(groupOf('target')).toBe('--driver scale, scaleNodes, redeploy, restart, hold')
    expect(groupOf('max')).toBe('--driver scale, scaleNodes')
    expect(groupOf('image')).toBe('--driver redeploy')
    expect(groupOf('service-port')).toBe('--driver forward')
    expect(groupOf('cron-job')).toBe('--driver runJob')
    expect(groupOf('cooldown')).toBe('Every hook')
    expect(groupOf('auth-bearer')).toBe('Every hook: what a post must prove')
  })

  it('refuse an apiVersion where the driver knows the kind', () => {
    expect(() => specOfFlags(given({ target: ['apps/v1/Deployment/web'] }), 'redeploy')).toThrow(
      '--target must be NAME or KIND/NAME, not apps/v1/Deployment/web',
    )
  })

  it.each([
    [{ max: ['many'] }, '--max must be a whole number, not many'],
    [{ suspend: ['yes'] }, '--suspend must be true or false'],
    [{ 'auth-bearer': ['alerts'] }, '--auth-bearer must be SECRET/KEY'],
    [{ target: ['a/b/c/d/e'] }, '--target must be NAME, KIND/NAME or APIVERSION/KIND/NAME'],
  ])('%j is refused', (texts, message) => {
    expect(() => specOfFlags(given(texts), 'scale')).toThrow(message)
  })

  it('are named where a rule is broken', () => {
    expect(() =>
      checkHook('web-up', { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 1, min: 3 } }),
    ).toThrow('--max: must not be below min')
    expect(() => checkHook('web-up', { driver: 'scale', scale: {} })).toThrow(
      '--target: must be set\n--action: must be set',
    )
    // All that is wrong is named at once.
    expect(() => checkHook('Web_Up', { driver: 'scale', scale: { action: 'up' } })).toThrow(
      /^metadata.name: must be an object name: .*\n--target: must be set\n--max: must be set, because action is up/,
    )
    expect(flagOf('spec.auth.hmac.header')).toBe('--auth-hmac-header')
  })
})

describe('a schema of any shape', () => {
  const schema = {
    type: 'object',
    properties: {
      env: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' } } },
      },
      matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
      kinds: { type: 'array', items: { type: 'string' } },
      ratio: { type: 'number' },
      tags: {
        type: 'object',
        properties: { exact: { type: 'array', items: { type: 'string' } }, glob: { type: 'string' } },
      },
      rules: { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' } } } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  } as const satisfies Obj

  it.each([
    [
      'env',
      ['A=1', 'B=2=3'],
      [
        { name: 'A', value: '1' },
        { name: 'B', value: '2=3' },
      ],
    ],
    ['match-labels', ['app=web', 'tier=front'], { app: 'web', tier: 'front' }],
    ['kinds', ['Deployment', 'CronJob'], ['Deployment', 'CronJob']],
    ['ratio', ['0.5'], 0.5],
    ['tags-exact', ['a', 'b'], ['a', 'b']],
    ['tags-glob', ['main-*'], 'main-*'],
    ['rules', ['{"a": 1}'], [{ a: 1 }]],
    ['free', ['{"b": [1]}'], { b: [1] }],
  ])('has the flag %s', (flag, texts, value) => {
    const field = fieldsOf(schema, ['driver']).find(candidate => candidate.flag === flag)
    expect(field?.parse(texts)).toEqual(value)
  })
})

it('what is taken away is not in a manifest', () => {
  expect(withoutNulls({ a: null, b: { c: null, d: 1 } })).toEqual({ b: { d: 1 } })
  expect(at(withoutNulls({ a: [null] }), 'a')).toEqual([null])
})
