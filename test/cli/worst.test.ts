import { expect, it } from 'vitest'
import { withDefaults } from '../../cli/spec/defaults.ts'
import { isHookSpec } from '../../dashboard/server/row.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import { hookSpecSchema } from '../../src/drivers/schemas.ts'
import { worstOf } from '../../cli/output/worst.ts'

const worst = (given: object, expires?: string): readonly string[] => {
  const spec = withDefaults(hookSpecSchema, given)
  if (!isHookSpec(spec)) throw new Error('it has no driver')
  const bound = driverOf(spec)
  if (isViolation(bound)) throw new Error(`${bound.path} ${bound.message}`)
  return worstOf(spec, bound, expires)
}

const web = { target: { name: 'web' } }

it.each([
  ['bearer', 'The URL is no secret.'],
  ['path', 'The URL ends with that secret, so anyone with the URL can, too.'],
])('speaks of the Secret where the URL has the name of the hook (%s)', (form, said) => {
  const auth = { [form]: { secretKeyRef: { name: 'sender', key: 'token' } } }
  const scale = { ...web, action: 'up', max: 10 }
  const [what, , how, end] = worst({ driver: 'scale', scale, token: { url: 'named' }, auth })
  expect(what).toBe(`Anyone with the value in Secret/sender (spec.auth.${form}) can raise Deployment/web to 10.`)
  expect([how, end]).toEqual([said, 'That ends when you change the Secret, or suspend or delete the hook.'])
})

it.each([
  ['raise Deployment/web to 10', { driver: 'scale', scale: { ...web, action: 'up', max: 10 } }],
  ['lower Deployment/web to 1', { driver: 'scale', scale: { ...web, action: 'down' } }],
  ['lower Deployment/web to 0', { driver: 'scale', scale: { ...web, action: 'down', min: 0 } }],
  [
    'raise MachineDeployment/workers to 5',
    {
      driver: 'scaleNodes',
      scaleNodes: { target: { kind: 'MachineDeployment', name: 'workers' }, action: 'up', max: 5 },
    },
  ],
  [
    'roll out an image that already runs, with the tag that already runs, in workloads app=web',
    { driver: 'redeploy', redeploy: { selector: { matchLabels: { app: 'web' } } } },
  ],
  [
    'roll out acme/web, in a version within ~1, in Deployment/web, and restart what runs there',
    { driver: 'redeploy', redeploy: { ...web, image: 'acme/web', tags: { semver: '~1' }, withoutImage: 'restart' } },
  ],
  [
    'restart Deployment/web again and again, each time the previous rollout has finished',
    { driver: 'restart', restart: web },
  ],
  [
    'post anything to port http of Service/jenkins, path /github-webhook/',
    { driver: 'forward', forward: { service: { name: 'jenkins', port: 'http' }, path: '/github-webhook/' } },
  ],
])('a holder of the URL can %s', (can, spec) => {
  expect(worst(spec)[0]).toBe(`Anyone with the URL can ${can}.`)
})

const up = { driver: 'scale', scale: { ...web, action: 'up', max: 10 } }

it.each([
  [{}, 'Each post counts, up to 100 a second for each trigger replica: spec.cooldown spaces them out.'],
  [{ cooldown: '5m' }, 'One post in 5m counts, so at most 12 an hour.'],
  [{ cooldown: '7m' }, 'One post in 7m counts, so at most 9 an hour.'],
  [{ cooldown: '2h' }, 'One post in 2h counts.'],
  [{ limits: [{ most: 6, within: '1h' }] }, '6 posts count within 1h.'],
  [{ limits: [{ most: 6, within: '20m' }] }, '6 posts count within 20m, so at most 18 an hour.'],
  [
    { cooldown: '5m', limits: [{ most: 6, within: '1h' }] },
    'One post in 5m counts, and 6 posts count within 1h, so at most 6 an hour.',
  ],
  [
    {
      cooldown: '5m',
      onResolved: 'undo',
      limits: [
        { by: 10, within: '1h' },
        { by: 30, within: '24h' },
      ],
    },
    'One post in 5m counts, so at most 12 an hour. Together they move the count by at most 10 within 1h, and by at most 30 within 24h. Beyond that a post can only undo the changes of an alert.',
  ],
  [
    { cooldown: '2h', windows: { zone: 'Asia/Tokyo', open: [{ days: ['Sat', 'Sun'] }] } },
    'One post in 2h counts. Posts count only Sat, Sun in Asia/Tokyo.',
  ],
  [
    { cooldown: '2h', onResolved: 'undo', windows: { zone: 'UTC', open: [{ days: ['Sat'] }] } },
    'One post in 2h counts. Posts count only Sat in UTC. At other times a post can only undo the changes of an alert.',
  ],
])('with %j it says how often posts count', (more, sentence) => {
  expect(worst({ ...up, ...more })[1]).toBe(sentence)
})

const secretKeyRef = { name: 'alerts', key: 'key' }

it.each([
  [undefined, 'The URL is enough: with spec.auth a sender must also prove who it is.'],
  [{ bearer: { secretKeyRef } }, 'The URL is not enough: you also need the value in Secret/alerts (spec.auth.bearer).'],
  [
    { sns: { topicArn: 'arn:aws:sns:eu-west-1:123456789012:alerts' } },
    'The URL is not enough: Amazon must have signed the message for the topic arn:aws:sns:eu-west-1:123456789012:alerts.',
  ],
])('with auth %j it says what is needed besides', (auth, sentence) => {
  expect(worst({ ...up, ...(auth && { auth }) })[2]).toBe(sentence)
})

it('says until when', () => {
  expect(worst(up)[3]).toBe('That ends when you rotate the token, or suspend or delete the hook.')
  expect(worst(up, 'on 2026-12-01')[3]).toContain('ends on 2026-12-01, or when you rotate')
})
