import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { knownBodies } from './bodies.ts'

const bodyOf = (sender: string, name: string): object => {
  const found = knownBodies.find(known => known.sender === sender && known.name === name)?.message.json
  if (typeof found !== 'object' || found === null) throw new Error(`there is no body ${sender}/${name}`)
  return found
}
const read = (json: unknown, headers: Record<string, string> = {}) => deliveryOf({ headers, json })

describe('what looks like a sender but is not', () => {
  it.each([
    ['Grafana of another version', { ...bodyOf('grafana', 'firing'), version: '2' }],
    ['Grafana without an organisation', { ...bodyOf('grafana', 'firing'), orgId: undefined }],
    ['an incident without an id', { event: { event_type: 'incident.triggered', resource_type: 'incident' } }],
    [
      'an alert of Azure in another schema',
      { ...bodyOf('azure-monitor', 'fired'), schemaId: 'AzureMonitorMetricAlert' },
    ],
    ['no alerts', []],
    ['alerts without labels', [{ labels: {}, startsAt: '2026-01-01T10:00:00Z' }]],
    ['alerts whose labels are no texts', [{ labels: { alertname: 1 } }]],
    ['an alert among other things', [{ labels: { alertname: 'HighLoad' } }, 1]],
    ['an event of CloudEvents without a type', { specversion: '1.0', id: '1', source: '/' }],
    ['an envelope of SNS without a topic', { Type: 'Notification', MessageId: '1', SignatureVersion: '1' }],
  ])('is plain: %s', (_name, json) => {
    expect(read(json)).toEqual({ sender: 'plain', phase: 'none' })
  })
})

describe('alerts that Grafana makes of a failed query', () => {
  const alert = (alertname: string, status: string, labels: object = { rulename: 'Busy', datasource_uid: 'P1' }) => ({
    status,
    labels: { alertname, team: 'blue', ...labels },
    startsAt: '2026-01-01T10:00:00Z',
    endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-01-01T10:05:00Z',
    fingerprint: `${alertname}-${status}`,
  })
  const report = (...alerts: readonly object[]) =>
    read({ ...bodyOf('grafana', 'firing'), alerts, status: 'firing', commonLabels: { team: 'blue' } })

  it.each(['DatasourceNoData', 'DatasourceError'])('are no news: %s', alertname => {
    expect(report(alert(alertname, 'firing'))).toEqual({ sender: 'grafana', phase: 'no news' })
    expect(report(alert(alertname, 'resolved'))).toEqual({ sender: 'grafana', phase: 'no news' })
  })

  it('are left out of a group, whose other alerts count as if they were alone', () => {
    const [busy, ended] = [alert('Busy', 'firing', {}), alert('Busy', 'resolved', {})]
    const failed = alert('DatasourceError', 'firing')
    expect(report(failed, busy)).toMatchObject({ phase: 'firing', labels: { alertname: 'Busy', team: 'blue' } })
    expect(report(busy, failed).identity?.key).toBe(report(busy).identity?.key)
    expect(report(ended, failed)).toMatchObject({ phase: 'resolved', group: { firing: [], mixed: false } })
  })

  it('count where others were cut off, which may be of a rule', () => {
    const alerts = [alert('DatasourceError', 'firing')]
    const body = { ...bodyOf('grafana', 'firing'), alerts, status: 'firing', truncatedAlerts: 4 }
    expect(read(body)).toMatchObject({ phase: 'firing' })
  })

  it.each([{ toString: 1, valueOf: 1 }, [{ toString: 1 }], '4'])(
    'are read also if no number says how many: %j',
    count => {
      const alerts = [alert('DatasourceError', 'firing')]
      const body = { ...bodyOf('grafana', 'firing'), alerts, status: 'firing', truncatedAlerts: count }
      expect(read(body)).toEqual({ sender: 'grafana', phase: 'no news' })
    },
  )

  it('are not what a rule of the same name reports', () => {
    expect(report(alert('DatasourceNoData', 'firing', {}))).toMatchObject({ phase: 'firing' })
  })
})

it.each([
  ['github', 'registry_package'],
  ['github', 'package'],
  ['gitea', 'package'],
])('a webhook of %s that posts a %s as a form hears that it should post JSON', (sender, event) => {
  const type = 'application/x-www-form-urlencoded'
  const { pushes, unreadable } = read(undefined, { [`x-${sender}-event`]: event, 'content-type': type })
  expect(pushes).toBeUndefined()
  expect(unreadable).toBe(
    `the body of ${sender} reports no push: it needs JSON: set the webhook's content type to application/json`,
  )
})

describe('when an alert began', () => {
  const newsAt = (startsAt: unknown) => {
    const alerts = [{ status: 'firing', fingerprint: 'a', startsAt }]
    const report = { version: '4', groupKey: '{}', status: 'firing', notification_reason: 'first notification', alerts }
    return read(report).identity?.newsAt
  }

  it.each(['UTC', 'Asia/Tokyo'])('is in UTC where no zone is given, also where the trigger runs in %s', zone => {
    vi.stubEnv('TZ', zone)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(newsAt('2026-01-01T10:00:00')).toBe(Date.UTC(2026, 0, 1, 10))
    expect(newsAt('2026-01-01 10:00:00.5')).toBe(Date.UTC(2026, 0, 1, 10, 0, 0, 500))
  })

  it.each([
    ['2026-01-01T10:00:00.123456789Z', Date.UTC(2026, 0, 1, 10, 0, 0, 123)],
    ['2026-01-01T12:30:00+02:30', Date.UTC(2026, 0, 1, 10)],
    ['2026-01-01T11:00:00+0100', Date.UTC(2026, 0, 1, 10)],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ])('is read from %s', (text, moment) => {
    expect(newsAt(text)).toBe(moment)
  })

  it.each(['alert 5', '1', '5 (x)', '01/02/2026', 'Thu Jan 01 2026', '2026-13-01T00:00:00Z', '2026-01-01', 1.5, 1e300])(
    'is not known from %s, which is no moment',
    text => {
      expect(newsAt(text)).toBeUndefined()
    },
  )
})

describe('a monitor of Uptime Kuma', () => {
  it.each(['UTC', 'Asia/Tokyo'])('was heard at a moment in UTC, also where the trigger runs in %s', zone => {
    vi.stubEnv('TZ', zone)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(read(bodyOf('uptime-kuma', 'down')).identity?.newsAt).toBe(Date.UTC(2026, 0, 1, 10, 0, 7, 123))
  })
})

it('an issue of New Relic counts once, also if its priority changes, and whichever is posted', () => {
  const [activated, changed] = ['activated', 'priority-changed'].map(name => read(bodyOf('new-relic', name)))
  const again = read({ ...bodyOf('new-relic', 'priority-changed'), priority: 'HIGH', updatedAt: 1767261900500 })
  expect(changed?.identity?.key).toBe(activated?.identity?.key)
  // The record takes what is no newer for a copy.
  expect(changed?.identity?.newsAt).toBeLessThan(activated?.identity?.newsAt ?? 0)
  expect(again.identity).toEqual(changed?.identity)
  expect(changed?.phase).toBe('firing')
})

it('an alarm of CloudWatch in another region is another one, though its name is the same', () => {
  const alarm = (region: string) => {
    const AlarmArn = `arn:aws:cloudwatch:${region}:123456789012:alarm:web-load`
    return read({ AlarmName: 'web-load', AlarmArn, NewStateValue: 'ALARM' }, { 'x-amz-sns-rawdelivery': 'true' })
  }
  expect(alarm('eu-central-1').group?.key).not.toBe(alarm('us-east-1').group?.key)
})

describe('an id that is missing', () => {
  it.each<[string, unknown, Record<string, string>]>([
    ['of GitHub', {}, { 'x-github-event': 'push' }],
    ['of GitLab', {}, { 'x-gitlab-event': 'Push Hook' }],
    ['of an event of CloudEvents', { specversion: '1.0', type: 'a', source: '/' }, {}],
    ['of an event of Datadog', { alert_transition: 'Triggered' }, {}],
    [
      'of an alert of Azure',
      { schemaId: 'azureMonitorCommonAlertSchema', data: { essentials: { monitorCondition: 'Fired' } } },
      {},
    ],
    ['of a message of SNS', { AlarmName: 'a', NewStateValue: 'ALARM' }, { 'x-amz-sns-rawdelivery': 'true' }],
  ])('leaves the delivery without a name, so that it counts: %s', (_name, json, headers) => {
    const { identity, sender } = read(json, headers)
    expect(sender).not.toBe('plain')
    expect(identity).toBeUndefined()
  })
})

describe('an id that is a number', () => {
  const idOf = (id: string) => read(parseJson(`{"alert_transition": "Triggered", "id": ${id}}`)).identity?.key

  it('names a delivery as its text does', () => {
    expect(idOf('7654321')).toBe(idOf('"7654321"'))
  })

  it.each(['7654321012345678901', '1e999', '-9007199254740993'])(
    'names none where JSON cannot distinguish it from the next one: %s',
    id => {
      expect(idOf(id)).toBeUndefined()
    },
  )
})

describe('a state that is not known', () => {
  it.each<[string, unknown]>([
    ['of Azure', { schemaId: 'azureMonitorCommonAlertSchema', data: { essentials: { monitorCondition: 'Paused' } } }],
    ['of New Relic', { ...bodyOf('new-relic', 'activated'), state: 'MUTED' }],
    ['of Datadog', { ...bodyOf('datadog', 'triggered'), alert_transition: 'Muted' }],
    ['of Zabbix', { ...bodyOf('zabbix', 'problem'), event_value: '{EVENT.VALUE}' }],
    ['of PagerDuty', { event: { id: '1', event_type: 'incident.renamed', resource_type: 'incident' } }],
  ])('asks for no step: %s', (_name, json) => {
    expect(read(json).phase).toBe('no news')
  })
})

describe('an event of Datadog', () => {
  it.each(['', 'null'])('that is no monitor\'s, and so has no transition, counts: "%s"', transition => {
    expect(read({ ...bodyOf('datadog', 'triggered'), alert_transition: transition }).phase).toBe('none')
  })

  it.each([
    ['[Triggered] [Recovered] is its name', 'firing'],
    ['[P2] [Re-No data on {host:a}] Load', 'no news'],
    ['[TEST] [P2] [Recovered] Load', 'resolved'],
    ['The load has [Recovered]', 'none'],
    ['[', 'none'],
  ])('of which only the title is known, is classified by its first known tag: %s', (title, phase) => {
    expect(read({ ...bodyOf('datadog', 'default-payload-triggered'), title }).phase).toBe(phase)
  })
})
