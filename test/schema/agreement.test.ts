import { describe, expect, test } from 'vitest'
import { firstViolation, violations } from '../../src/api/guard.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crd } from '../../src/drivers/registry.ts'
import { hookSchema } from '../../src/drivers/schemas.ts'
import { fakeClock } from '../support/clock.ts'
import { fc, property } from '../support/property.ts'
import { seededRandom } from '../support/random.ts'
import { specDefaults } from '../support/hooks.ts'

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
const secretKeyRef = fc.record({
  name,
  key: mostly<string>(fc.constantFrom('token', 'a.b_c-D', '..x'), '', 'a b', 'a/b'),
})
const header = mostly<string>(
  fc.constantFrom('X-Hub-Signature-256', 'x_sig', '1'),
  '',
  '-x',
  'X:',
  'X Y',
  'é',
  '__proto__',
)
const prefix = mostly<string>(fc.constantFrom('sha256=', '', 'v1, t=', "a'b\\"), ' a', '\n', 'a\t', 'é')
const topicArn = mostly<string>(
  fc.constantFrom(
    'arn:aws:sns:eu-central-1:123456789012:web-load',
    'arn:aws-us-gov:sns:us-gov-west-1:123456789012:A_b',
    'arn:aws-cn:sns:cn-north-1:123456789012:x.fifo',
  ),
  '',
  'web-load',
  'arn:aws:sqs:eu-central-1:123456789012:web-load',
  'arn:aws:sns:eu-central-1:123456789012:web load',
  'arn:aws:sns:eu-central-1:123456789012:web-load\n',
  'arn:aws:sns:eu-central-1:12345678901:web-load',
  `arn:aws:sns:eu-central-1:123456789012:${'x'.repeat(257)}`,
)
const tolerance = mostly<string>(fc.constantFrom('10s', '5m', '1h', '90s'), '9s', '61m', '0s', '', '5')
const previousKey = mostly<string>(fc.constantFrom('before', 'a.b'), '', 'a b')
const ownHeader = mostly<string>(
  fc.constantFrom('X-Gitlab-Token', 'Authorization', 'x_token', 'Contents', 'Hosted', 'Webhook'),
  'Host',
  'content-Type',
  'COOKIE',
  'Idempotency-Key',
  'webhook-id',
  'Proxy-Authorization',
  'Expect',
  'X Y',
)
const timestamp = fc.record({
  header: mostly<string>(fc.constantFrom('X-Time', 'x_time'), 'X:', 'x_sig', 'X-Hub-Signature-256'),
  prefix: mostly<string>(fc.constantFrom('', 'v0:', ' '), '\n', 'é'),
  separator: mostly<string>(fc.constantFrom(':', '.', ' - ', '-1'), '', '1', '1:', '\t'),
  tolerance,
})
const hmac = fc.oneof(
  fc.record({ secretKeyRef, header, prefix }),
  fc.record(
    {
      secretKeyRef,
      header,
      prefix,
      previousKey,
      encoding: mostly<string>(fc.constantFrom('hex', 'base64'), 'base32'),
      timestamp,
    },
    { requiredKeys: ['secretKeyRef', 'header', 'prefix'] },
  ),
  { arbitrary: fc.record({ secretKeyRef, header, prefix, timestamp, replayWindow: duration }), weight: 1 },
)
/** Mostly one of the six. */
const auth = fc.oneof(
  { arbitrary: fc.record({ bearer: fc.record({ secretKeyRef }) }), weight: 3 },
  { arbitrary: fc.record({ basic: fc.record({ secretRef: fc.record({ name }) }) }), weight: 3 },
  { arbitrary: fc.record({ hmac }), weight: 6 },
  {
    arbitrary: fc.record({
      header: fc.record({ name: ownHeader, secretKeyRef, previousKey }, { requiredKeys: ['name', 'secretKeyRef'] }),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ standardWebhooks: fc.record({ secretKeyRef, tolerance }) }), weight: 3 },
  { arbitrary: fc.record({ path: fc.record({ secretKeyRef }) }), weight: 3 },
  { arbitrary: fc.record({ sns: fc.record({ topicArn }) }), weight: 3 },
  fc.record(
    {
      bearer: fc.record({ secretKeyRef }),
      basic: fc.record({ secretRef: fc.record({ name }) }),
      hmac: fc.record({ secretKeyRef, header, prefix }),
      sns: fc.record({ topicArn }),
    },
    { requiredKeys: [] },
  ),
)
/** Mostly brackets, operators, quotes and what makes a quote another: all that could mislead a scan. */
const when = fc.oneof(
  { arbitrary: fc.constant('body.ok'), weight: 4 },
  fc
    .array(fc.constantFrom('(', ')', '[', ']', '{', '}', '!', '-', '"', "'", '\\', 'r', 'b', 'x', '//', '\n', ' '), {
      minLength: 1,
      maxLength: 60,
    })
    .map(parts => parts.join('')),
)
const timeOfDay = mostly<string>(fc.constantFrom('00:00', '08:00', '23:59'), '24:00', '8:00', '25:00', '', '08:60')
const instant = mostly<string>(
  fc.constantFrom(
    '2026-12-20T00:00:00Z',
    '2026-12-20T00:00:00+01:00',
    '2027-01-03T12:30:59-05:30',
    '2028-02-29T00:00:00Z',
  ),
  ...['2026-12-20', '2026-13-01T00:00:00Z', 'now'],
)
const windows = fc.record(
  {
    zone: mostly<string>(
      fc.constantFrom('UTC', 'Europe/Berlin', 'Etc/GMT+5', 'America/Argentina/Ushuaia'),
      '',
      '+02:00',
      'a b',
      'a/',
    ),
    open: fc.array(
      fc.record(
        {
          days: mostly(fc.subarray(['Mon', 'Tue', 'Sun'], { minLength: 1 }), [], ['Monday']),
          from: timeOfDay,
          to: timeOfDay,
        },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    except: fc.array(
      fc.record({ from: instant, to: instant, reason: fc.constant('stocktaking') }, { requiredKeys: ['from', 'to'] }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['zone'] },
)
const forward = fc.record(
  {
    service: fc.record({
      name,
      port: mostly<string | number>(
        fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'web-1', '0a')),
        ...[0, -1, 65_536, '', '80', '-a', 'a-', 'HTTP', 'a b', 'é'],
      ),
    }),
    path: mostly<string>(
      fc.constantFrom('/', '/hook/', '//a', '/a.b/..c/...', '/~!$&()*+,;=:@'),
      ...['', 'hook', '/.', '/a/..', '/../a', '/./a', '/a?b', '/a#b', '/a%2e', '/a b', '/é', '/a\n'],
    ),
    query: fc.boolean(),
    headers: fc.uniqueArray(
      mostly<string>(
        fc.constantFrom('X-GitHub-Event', 'x-a', '1', 'Hosted', 'Contents', 'Tenant', 'User-Agent', 'Vial'),
        ...['Host', 'COOKIE', 'authorization', 'Proxy-X', 'Content-Type', 'te', 'Via', 'X-Forwarded-For'],
        ...['idempotency-key', 'Receiver-Hook', 'receiver-hook-hops', 'X_A', '-x', 'X:', '', 'é'],
      ),
      { maxLength: 4 },
    ),
    timeout: mostly<string>(fc.constantFrom('100ms', '2s', '3s', '3000ms'), '99ms', '3001ms', '1m', '2', '', '1.5s'),
  },
  { requiredKeys: ['service', 'path', 'query', 'timeout'] },
)
const label = mostly<string>(fc.constantFrom('severity', 'A1', '_a', 'pod_name'), '', '1a', 'a_', 'a-b', 'é', '_')
const runJob = fc.record(
  {
    cronJob: fc.oneof(name, fc.constantFrom('c'.repeat(52), 'c'.repeat(53))),
    concurrency: mostly<string>(fc.constantFrom('allow', 'forbid', 'replace'), '', 'Allow'),
    env: fc.uniqueArray(
      fc.record({
        name: mostly<string>(
          fc.constantFrom('MODE', 'a_1', '_', 'RECEIVER_HOOK', 'MY_RECEIVER_HOOK_X'),
          ...['RECEIVER_HOOK_', 'RECEIVER_HOOK_X', '1A', 'A-B', '', 'é'],
        ),
        value: mostly<string>(
          fc.constantFrom('', 'full', '$(MODE)', 'é\n', '😀'.repeat(128)),
          '\u0000',
          'x'.repeat(129),
          '😀'.repeat(129),
        ),
      }),
      { selector: variable => variable.name, maxLength: 3 },
    ),
    labels: fc.uniqueArray(fc.oneof(label, fc.constantFrom('SEVERITY', 'Pod_Name', 'a'.repeat(48), 'a'.repeat(49))), {
      maxLength: 3,
    }),
    body: mostly<string>(fc.constantFrom('none', 'env', 'file'), '', 'all'),
    ttl: mostly<string>(fc.constantFrom('10m', '24h', '720h', '600s'), '9m59s', '721h', '0s', '1', '1.5h'),
  },
  { requiredKeys: ['cronJob', 'concurrency', 'body', 'ttl'] },
)
/** Every member that the API server would have filled in is there, since the guard judges what is stored. */
const specs = fc.record(
  {
    driver: mostly(fc.constant('scale'), 'other'),
    scale: fc.record(
      {
        target: fc.record({ apiVersion: fc.constant('apps/v1'), kind: fc.constant('Deployment'), name }),
        action: mostly(fc.constantFrom('up', 'down'), 'left'),
        by,
        min: fc.integer({ min: 0, max: 4 }),
        max: fc.integer({ min: 1, max: 12 }),
        overshoot: mostly(fc.constantFrom('clamp', 'reject'), 'wrap'),
      },
      { requiredKeys: ['target', 'action', 'by', 'min', 'overshoot'] },
    ),
    suspend: fc.boolean(),
    when: mostly(when, '', 'x'.repeat(1025)),
    onResolved: mostly(fc.constantFrom('ignore', 'run'), 'undo'),
    cooldown: duration,
    dedupeWindow: duration,
    token: fc.record(
      {
        url: mostly<string>(fc.constantFrom('token', 'named'), 'other'),
        rotation: fc.integer({ min: 0, max: 3 }),
        overlap: duration,
        expiresAfter: duration,
        secretName: name,
      },
      { requiredKeys: ['rotation', 'overlap'] },
    ),
    auth,
  },
  { requiredKeys: ['driver', 'suspend', 'onResolved', 'cooldown', 'dedupeWindow', 'token'] },
)

const claim = fc.record({
  name: fc.constantFrom('ref', 'sub', 'repository_id', 'email', '', 'a b', 'x'.repeat(65)),
  oneOf: fc.array(fc.constantFrom('1', 'refs/heads/main', '', 'x'.repeat(193)), { maxLength: 5 }),
})
const tokens = fc.record({
  issuer: fc.constantFrom('https://gitlab.com', 'http://127.0.0.1:1', 'gitlab.com', 'https://a b', 'https://a?b', ''),
  audience: fc.constantFrom('hooks', 'https://hooks.example.com/v1/hooks/shop/web-up', '', 'a b', 'é'),
  claims: fc.uniqueArray(claim, { maxLength: 7, selector: ({ name }) => name }),
})

describe('admission and the check at a first delivery', () => {
  property('judge every spec alike', [specs], written => {
    const violation = firstViolation(spec, written, 'spec')
    expect({ written, admitted: admits(written), violation }).toEqual({
      written,
      admitted: violation === undefined,
      violation,
    })
    expect(violations(spec, written, 'spec')[0]).toEqual(violation)
  })

  property('judge all posts that are passed on alike', [forward], written => {
    const all = { driver: 'forward', forward: written, ...specDefaults }
    const violation = firstViolation(spec, all, 'spec')
    expect({ written, admitted: admits(all), violation }).toEqual({
      written,
      admitted: violation === undefined,
      violation,
    })
  })

  property('judge all Jobs alike', [runJob], written => {
    const all = { driver: 'runJob', runJob: written, ...specDefaults }
    const violation = firstViolation(spec, all, 'spec')
    expect({ written, admitted: admits(all), violation }).toEqual({
      written,
      admitted: violation === undefined,
      violation,
    })
  })

  test.each([
    ['128 characters of two units each', '😀'.repeat(128), true],
    ['129 of them', '😀'.repeat(129), false],
    ['128 halves of such characters', '\ud83d'.repeat(128), true],
    ['127 characters and two halves in the wrong order', `${'x'.repeat(127)}\ude00\ud83d`, false],
    ['300 of them', '😀'.repeat(300), false],
  ])('count a text in characters: %s', (_, value, isGood) => {
    const job = { cronJob: 'c', concurrency: 'allow', body: 'none', ttl: '24h', env: [{ name: 'A', value }] }
    const all = { driver: 'runJob', runJob: job, ...specDefaults }
    expect([admits(all), firstViolation(spec, all, 'spec') === undefined]).toEqual([isGood, isGood])
  })

  test.each([
    ['63 letters', 'a'.repeat(63), true],
    ['70 letters', 'a'.repeat(70), false],
    ['a number of many digits', 65_535, true],
  ])('measure the name of a port alike: %s', (_, port, isGood) => {
    const forward = { service: { name: 'web', port }, path: '/', query: false, timeout: '2s' }
    const all = { driver: 'forward', forward, ...specDefaults }
    expect([admits(all), firstViolation(spec, all, 'spec') === undefined]).toEqual([isGood, isGood])
  })

  test.each([
    ['2026-11-27T20:00:00Z', true],
    ['2026-11-27t20:00:00.123456z', true],
    ['2026-11-27T20:00:00+05:30', true],
    ['tomorrow', false],
    ['2026-11-27', false],
    ['2026-11-27T20:00Z', false],
    ['2026-11-27T20:00:00', false],
    ['2026-11-27T24:00:00Z', false],
    ['2026-02-30T20:00:00Z', false],
    ['', false],
  ])('read a time alike: %j', (endBefore, isGood) => {
    const restart = { selector: { matchLabels: { app: 'web' } } }
    const all = { driver: 'restart', restart, ...specDefaults, endBefore }
    expect([admits(all), firstViolation(spec, all, 'spec') === undefined]).toEqual([isGood, isGood])
  })

  test.each([
    ['a plain label', 'app', 'web', true],
    ['no value', 'app', '', true],
    ['the longest name', `${'a'.repeat(251)}.b/${'x'.repeat(63)}`, 'x'.repeat(63), true],
    ['a longer name', `a.b/${'x'.repeat(64)}`, 'x', false],
    ['a longer prefix', `${'a'.repeat(252)}.b/x`, 'x', false],
    ['a longer value', 'app', 'x'.repeat(64), false],
    ['a value with a blank', 'app', 'my app', false],
    ['a value with a further requirement', 'app', 'web,tier', false],
    ['a name with an operator', 'app!', 'web', false],
    ['a name that ends with a dot', 'app.', 'web', false],
    ['a prefix in capitals', 'A.b/app', 'web', false],
    ['a value that ends with a line feed', 'app', 'web\n', false],
    ['a name in other letters', '😀', 'x', false],
  ])('read labels alike: %s', (_, label, value, isGood) => {
    const restart = { selector: { matchLabels: { [label]: value } } }
    const all = { driver: 'restart', restart, ...specDefaults }
    expect([admits(all), firstViolation(spec, all, 'spec') === undefined]).toEqual([isGood, isGood])
  })

  test('count the least length in characters', () => {
    const schema = { type: 'string', minLength: 3 } as const
    const isLongEnough = (text: string): boolean => firstViolation(schema, text, '') === undefined
    expect(['😀😀', 'x😀', '😀😀😀', 'abc', 'ab', ''].map(isLongEnough)).toEqual([
      ...[false, false, true],
      ...[true, false, false],
    ])
  })

  property('judge all windows alike', [windows], written => {
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
    const scale = { target, action: 'up', by: 1, min: 1, max: 3, overshoot: 'clamp' }
    const all = { driver: 'scale', scale, ...specDefaults, windows: written }
    const violation = firstViolation(spec, all, 'spec')
    expect({ written, admitted: admits(all), violation }).toEqual({
      written,
      admitted: violation === undefined,
      violation,
    })
  })

  test('let exactly one form of auth through, of all that may be written', () => {
    const scale = {
      target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      ...{ action: 'up', by: 1, min: 1, max: 3, overshoot: 'clamp' },
    }
    const good = { driver: 'scale', scale, ...specDefaults }
    const secretKeyRef = { name: 'senders', key: 'token' }
    const claims = [{ name: 'sub', oneOf: ['system:serviceaccount:shop:poster'] }]
    const oidc = { issuer: 'https://gitlab.com', audience: 'hooks', claims }
    for (let chosen = 0; chosen < 256; chosen++) {
      const auth = {
        ...(chosen & 1 && { bearer: { secretKeyRef } }),
        ...(chosen & 2 && { basic: { secretRef: { name: 'senders' } } }),
        ...(chosen & 4 && { hmac: { secretKeyRef, header: 'X-Signature', prefix: '' } }),
        ...(chosen & 16 && { header: { name: 'X-Secret', secretKeyRef } }),
        ...(chosen & 32 && { standardWebhooks: { secretKeyRef, tolerance: '5m' } }),
        ...(chosen & 64 && { path: { secretKeyRef } }),
        ...(chosen & 128 && { oidc }),
        ...(chosen & 8 && { sns: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:web-load' } }),
      }
      // A secret in the path needs a URL with the name, and only a URL with a token may have sns.
      const token = { ...good.token, ...(chosen === 64 && { url: 'named' }) }
      const violation = firstViolation(spec, { ...good, token, auth }, 'spec')
      const one = Object.keys(auth).length === 1
      expect(violation).toEqual(
        one
          ? undefined
          : {
              path: 'spec.auth',
              message: 'must have exactly one of bearer, basic, header, path, hmac, standardWebhooks, oidc and sns',
            },
      )
      expect(admits({ ...good, token, auth })).toBe(one)
    }
  })

  property('judge all of auth.oidc alike', [tokens], oidc => {
    const scale = { target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, action: 'up', by: 1, min: 1 }
    const whole = { driver: 'scale', scale: { ...scale, max: 3, overshoot: 'clamp' }, ...specDefaults }
    const written = { ...whole, auth: { oidc } }
    const violation = firstViolation(spec, written, 'spec')
    expect({ oidc, admitted: admits(written), violation }).toEqual({
      oidc,
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
