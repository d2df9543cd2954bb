import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AlertGroup } from '../../src/api/delivery.ts'
import { parseJson, stringAt } from '../../src/api/json.ts'
import { read } from '../../src/kube/requests.ts'
import { records } from '../../src/kube/resources.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { knownBodies, type KnownBody } from '../senders/bodies.ts'
import { certificate } from '../senders/certificate.ts'
import { keys, notification, signed, subscription } from '../senders/sns-messages.ts'
import { cluster, post, product, until, withAnswer } from '../support/product.ts'

/** Sets up a hook on a Deployment of its own, and what posts a known body to it as its sender does. */
const setUp = async (spec: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', 0)
  const running = await product(here)
  await here.createHook('web-up', { max: 1000 }, spec)
  const url = await here.url('web-up')
  return {
    ...here,
    ...running,
    send: async ({ message: { headers, json, receivedAt } }: KnownBody): Promise<string> => {
      const { status, body } = await post(withAnswer(url), undefined, {
        headers: { 'content-type': 'text/plain', ...headers },
        ...(json === undefined ? {} : { body: textNow(json, receivedAt) }),
      })
      return `${status} ${String(body['outcome'])} ${String(body['reason'])}`
    },
  }
}

/** Returns a body as it would be sent now: whether some fire depends on when they arrive. */
const textNow = (json: unknown, receivedAt?: number): string => {
  // The clock is read once for all times, so that equal times stay equal.
  const shiftMs = receivedAt === undefined ? 0 : Date.now() - receivedAt
  return JSON.stringify(json).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, time =>
    new Date(Date.parse(time) + shiftMs).toISOString(),
  )
}

const bodyOf = (sender: string, name: string): KnownBody => {
  const found = knownBodies.find(known => known.sender === sender && known.name === name)
  if (!found) throw new Error(`there is no body ${sender}/${name}`)
  return found
}

/** Returns what a body is answered after others, whose names are `seen`: none of the bodies is a mixed one of alerts seen before. */
const expected = ({ message, says }: KnownBody, seen: ReadonlySet<string>, ended: readonly AlertGroup[]): string => {
  // Nobody here can fetch Amazon's certificates.
  if (stringAt(message.json, 'SigningCertURL') !== undefined) return '503 undefined NotVerified'
  // The alert has ended since, and begun again.
  const isNext = ended.length > 0 && says.phase === 'firing' && says.event === 'next day'
  const { group, identity, phase } = deliveryOf(message)
  if (seen.has(identity?.key ?? '') && !isNext) return '200 skipped Duplicate'
  const { over } = ended.findLast(({ key }) => key === group?.key) ?? {}
  const isOver =
    over !== undefined &&
    (group?.beganAt ?? Infinity) <= over.firstAt &&
    group?.firing.every(alert => over.alerts.includes(alert)) === true
  if (phase === 'firing' && isOver) return '200 skipped Resolved'
  if (says.phase === 'partly resolved') return '200 skipped PartlyResolved'
  if (says.phase === 'no news') return '200 skipped NoNews'
  return says.phase === 'resolved' ? '200 skipped Resolved' : '200 applied Stepped'
}

describe('posted one after another, the known bodies of', () => {
  it.each([...new Set(knownBodies.map(({ sender }) => sender))])(
    '%s have the outcome that their table says',
    async sender => {
      const running = await setUp({ dedupeWindow: '1h' })
      const bodies = knownBodies.filter(known => known.sender === sender)
      const seen = new Set<string>()
      const answers: string[] = []
      const wanted: string[] = []
      const ended: AlertGroup[] = []
      for (const known of bodies) {
        answers.push(`${known.name}: ${await running.send(known)}`)
        wanted.push(`${known.name}: ${expected(known, seen, ended)}`)
        const { group, identity } = deliveryOf(known.message)
        if (known.says.phase === 'resolved' && group) ended.push(group)
        seen.add(identity?.key ?? 'none')
      }
      expect(answers).toEqual(wanted)
      expect(await running.replicas('web')).toBe(wanted.filter(line => line.endsWith('Stepped')).length)
      await running.stop()
      const logged = running.lines.filter(line => line.includes('"msg":"delivery"'))
      const named = logged.map(line => stringAt(parseJson(line), 'sender')).filter(name => name !== '')
      expect(new Set(named)).toEqual(new Set([sender]))
    },
  )
})

describe('a group in which some alerts have ended and the others fire, without a reason given', () => {
  it.each([
    ['alertmanager', '0.25-two-firing', '0.25-mixed'],
    ['grafana', 'two-firing', 'mixed'],
  ])('is partly resolved where all that fire have been seen: %s', async (sender, before, mixed) => {
    const { send } = await setUp()
    expect(await send(bodyOf(sender, before))).toBe('200 applied Stepped')
    expect(await send(bodyOf(sender, mixed))).toBe('200 skipped PartlyResolved')
  })

  it.each([
    ['alertmanager', '0.25-firing', '0.25-mixed'],
    ['grafana', 'firing', 'mixed'],
  ])('runs the hook where one fires that has not been seen: %s', async (sender, before, mixed) => {
    const { send } = await setUp()
    expect(await send(bodyOf(sender, before))).toBe('200 applied Stepped')
    expect(await send(bodyOf(sender, mixed))).toBe('200 applied Stepped')
  })
})

describe('the same report after the window', () => {
  it.each([
    [
      'that began earlier at another Prometheus is a duplicate',
      'alertmanager',
      'first-notification',
      'first-notification-of-another-prometheus',
      'Duplicate',
    ],
    [
      'of a new occurrence is a step',
      'alertmanager',
      'first-notification',
      'first-notification-of-a-new-occurrence',
      'Stepped',
    ],
    ['as a repeat is another step', 'alertmanager', 'repeat-interval-elapsed', 'repeat-interval-elapsed', 'Stepped'],
    [
      'of an event that is delivered once more is a duplicate',
      'pagerduty',
      'triggered',
      'triggered-sent-again',
      'Duplicate',
    ],
    ['of an alert that fired again is a step', 'azure-monitor', 'fired', 'fired-later', 'Stepped'],
    ['as a step of an escalation is another step', 'zabbix', 'problem', 'problem-sent-again', 'Stepped'],
    ['of a monitor that is still down is another step', 'uptime-kuma', 'down', 'down-still', 'Stepped'],
    ['of an event in another mode is a duplicate', 'cloudevents', 'structured', 'binary', 'Duplicate'],
    ['of an event that is sent again is a duplicate', 'flux', 'configured', 'configured-sent-again', 'Duplicate'],
    ['of a later event is another step', 'flux', 'configured', 'configured-later', 'Stepped'],
    [
      'that comes a second time, but without a time, is another step',
      'flux',
      'configured-without-a-time',
      'configured-without-a-time',
      'Stepped',
    ],
  ])('%s (%s)', async (_name, sender, first, second, reason) => {
    const { send } = await setUp({ dedupeWindow: '0s' })
    expect(await send(bodyOf(sender, first))).toBe('200 applied Stepped')
    expect(await send(bodyOf(sender, second))).toMatch(new RegExp(`^200 \\w+ ${reason}$`))
  })
})

it('an error of Flux is left out by the expression that the page on senders gives', async () => {
  const page = readFileSync('docs/reference/senders.md', 'utf8')
  const [, when = ''] = /^## Flux$[^]*?`when: ([^`]+)`/m.exec(page) ?? []
  const { send } = await setUp({ when })
  expect(await send(bodyOf('flux', 'failed-half-way'))).toBe('200 skipped Filtered')
  expect(await send(bodyOf('flux', 'configured'))).toBe('200 applied Stepped')
})

describe('a message of SNS', () => {
  const now = Date.now()
  const pem = certificate(keys, [now - 86_400_000, now + 86_400_000])
  const outbound = async () => ({ status: 200, headers: {}, body: pem })
  const start = async () => {
    const here = await cluster()
    await here.createDeployment('web', 2)
    await product(here, { outbound })
    await here.createHook('web-up', {})
    return { ...here, webUp: await here.url('web-up') }
  }

  it('runs the hook where its signature is right, and not where anything in it was changed', async () => {
    const { replicas, webUp } = await start()
    const message = signed(notification, '2')
    expect(await post(webUp, { ...message, Message: 'another' })).toMatchObject({
      status: 401,
      body: { reason: 'NotGenuine' },
    })
    expect(await post(webUp, message)).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    expect(await post(webUp, message)).toMatchObject({ body: { reason: 'Duplicate' } })
    expect(await replicas('web')).toBe(3)
  })

  it('that asks for a confirmation is reported to a person by an Event, and its link is not opened', async () => {
    const { api, namespace, webUp } = await start()
    expect(await post(webUp, signed(subscription, '1'))).toMatchObject({ status: 200, body: { reason: 'NoNews' } })
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
    const seen = await until(
      () => api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 }),
      ({ body }) => body.includes('SubscriptionToConfirm'),
    )
    expect(seen.body).toContain('Action=ConfirmSubscription')
  })
})

it('a confirmation that nobody signs, and of any length, leaves the record small and the hook in use', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('web-up', {})
  const url = await here.url('web-up')
  const content = async (): Promise<string> =>
    stringAt(await read(here.api, records, here.namespace, 'web-up'), 'content') ?? ''
  const validationUrl = 'https://a.eventgrid.azure.net/'
  const eventType = 'Microsoft.EventGrid.SubscriptionValidationEvent'
  const posted = await post(url, [{ eventType, topic: `/${'x'.repeat(1_040_000)}`, data: { validationUrl } }])
  expect(posted).toMatchObject({ status: 200, body: { reason: 'NoNews' } })
  await until(content, stored => stored.includes(validationUrl))
  const named = await post(url, undefined, { headers: { 'Idempotency-Key': 'release-1' }, body: '{}' })
  expect(named).toMatchObject({ status: 200, body: { outcome: 'applied' } })
  expect((await content()).length).toBeLessThan(10_000)
  expect(await here.replicas('web')).toBe(3)
})
