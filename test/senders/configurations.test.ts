import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { snippetNamed } from '../../cli/snippets/write.ts'
import { exampleURL } from '../snippets/known-hooks.ts'
import { has } from './shape.ts'

/** Checks the configuration of a product for a hook without anything else to ask, against what its makers document. */
const textOf = (name: string, language: string): string =>
  snippetNamed(name)
    ?.texts({ namespace: 'shop', name: 'web-up', url: exampleURL })
    .find(text => text.language === language)?.text ?? ''
const yamlOf = (name: string): unknown => parse(textOf(name, 'yaml'), { strict: true, uniqueKeys: true })
const jsonOf = (name: string): unknown => parseJson(textOf(name, 'json'))
const read = (json: unknown) => deliveryOf({ headers: {}, json })

describe('the ready configuration', () => {
  it('of Alertmanager has what its schema allows', () => {
    expect(
      has(yamlOf('alertmanager'), {
        route: {
          receiver: 'string',
          routes: [
            {
              receiver: 'string',
              matchers: ['string'],
              continue: 'boolean',
              group_by: ['string'],
              group_wait: 'duration',
              group_interval: 'duration',
              repeat_interval: 'duration',
            },
          ],
        },
        receivers: 'object',
      }),
    ).toBeUndefined()
  })

  it('of Grafana has what its provisioning file allows', () => {
    expect(
      has(yamlOf('grafana'), {
        apiVersion: 'number',
        contactPoints: [
          {
            orgId: 'number',
            name: 'string',
            receivers: [
              {
                uid: 'string',
                type: 'string',
                disableResolveMessage: 'boolean',
                settings: {
                  url: 'url',
                  httpMethod: 'string',
                  authorization_scheme: 'string',
                  authorization_credentials: 'string',
                },
              },
            ],
          },
        ],
      }),
    ).toBeUndefined()
  })

  it('of CloudEvents has what a Knative Trigger allows', () => {
    expect(
      has(yamlOf('cloudevents'), {
        apiVersion: 'string',
        kind: 'string',
        metadata: { name: 'string', namespace: 'string' },
        spec: {
          broker: 'string',
          filter: { attributes: { type: 'string' } },
          delivery: { retry: 'number', backoffPolicy: 'string', backoffDelay: 'string' },
          subscriber: { uri: 'url' },
        },
      }),
    ).toBeUndefined()
  })

  it('of PagerDuty has what its API requires', () => {
    const json = jsonOf('pagerduty')
    expect(
      has(json, {
        webhook_subscription: {
          type: 'string',
          description: 'string',
          delivery_method: { type: 'string', url: 'url', custom_headers: [{ name: 'string', value: 'string' }] },
          events: ['string'],
          filter: { type: 'string', id: 'string' },
        },
      }),
    ).toBeUndefined()
    expect(stringAt(json, 'webhook_subscription', 'type')).toBe('webhook_subscription')
  })

  it('of Azure Monitor has what a resource template requires', () => {
    const text = 'string'
    const receiver = { name: text, serviceUri: 'url', useCommonAlertSchema: 'boolean' }
    const properties = { groupShortName: text, enabled: 'boolean', webhookReceivers: [receiver] }
    expect(
      has(jsonOf('azure-monitor'), {
        $schema: 'url',
        contentVersion: text,
        resources: [{ type: text, apiVersion: text, name: text, location: text, properties }],
      }),
    ).toBeUndefined()
    // The API refuses a longer one.
    expect(/"groupShortName": "(.*)"/.exec(textOf('azure-monitor', 'json'))?.[1]?.length).toBeLessThanOrEqual(12)
  })

  it('of GitHub has what its API requires', () => {
    const shape = {
      name: 'string',
      active: 'boolean',
      events: ['string'],
      config: { url: 'url', content_type: 'string' },
    }
    expect(has(jsonOf('github'), shape)).toBeUndefined()
    expect(at(jsonOf('github'), 'name')).toBe('web')
  })

  it('of GitLab has what its API requires', () => {
    const shape = {
      name: 'string',
      url: 'url',
      custom_headers: [{ key: 'string', value: 'string' }],
      push_events: 'boolean',
      push_events_branch_filter: 'string',
      enable_ssl_verification: 'boolean',
    }
    expect(has(jsonOf('gitlab'), shape)).toBeUndefined()
  })

  it('of Uptime Kuma has what its API stores', () => {
    const shape = {
      name: 'string',
      type: 'string',
      httpMethod: 'string',
      webhookURL: 'url',
      webhookContentType: 'string',
      isDefault: 'boolean',
      applyExisting: 'boolean',
    }
    expect(has(jsonOf('uptime-kuma'), shape)).toBeUndefined()
  })
})

describe('what is posted with the ready configuration', () => {
  it('of Datadog is understood', () => {
    expect(
      has(jsonOf('datadog'), { name: 'string', url: 'url', encode_as: 'string', payload: 'string' }),
    ).toBeUndefined()
    const values = new Map([
      ['$ID', '7654321012345678901'],
      ['$ALERT_TRANSITION', 'Recovered'],
      ['$ALERT_CYCLE_KEY', '9bd4ac31'],
    ])
    const payload = stringAt(jsonOf('datadog'), 'payload') ?? ''
    const body = parseJson(payload.replaceAll(/\$[A-Z_]+/g, name => values.get(name) ?? 'other'))
    expect(read(body)).toEqual({
      sender: 'datadog',
      phase: 'resolved',
      identity: { key: '["datadog","7654321012345678901"]', newsAt: 0 },
      group: { key: '["datadog","9bd4ac31"]', firing: [], mixed: false },
    })
  })

  it('of New Relic is understood', () => {
    const values = new Map<string, unknown>([
      ['state', 'ACTIVATED'],
      ['issueId', 'd1b1f3fd'],
      ['triggerEvent', 'STATE_CHANGE'],
      ['createdAt', 1_767_261_600_000],
      ['updatedAt', 1_767_261_600_500],
    ])
    const rendered = textOf('new-relic', 'handlebars').replaceAll(
      /\{\{ (?:json )?([\w.[\]]+) \}\}/g,
      (_, name: string) => JSON.stringify(values.get(name) ?? [name]),
    )
    const issue = parseJson(
      rendered.replace('["issuePageUrl"]', '"https://one.newrelic.com"').replace('["workflowName"]', '"web-up"'),
    )
    expect(read(issue)).toMatchObject({
      sender: 'new-relic',
      phase: 'firing',
      identity: { newsAt: 1_767_261_600_500 },
    })
  })

  it('of Zabbix is understood, and a refusal is shown', () => {
    const posted: { url?: string; body?: string } = {}
    const run = (status: number): unknown => {
      class HttpRequest {
        addHeader(): void {}
        post(url: string, body: string): string {
          Object.assign(posted, { url, body })
          return 'the answer'
        }
        getStatus(): number {
          return status
        }
      }
      const params = {
        url: 'http://hook',
        event_source: '0',
        event_id: '8251',
        event_value: '1',
        event_update_status: '0',
      }
      return runInNewContext(`(function (value) {${textOf('zabbix', 'javascript')}})(value)`, {
        HttpRequest,
        value: JSON.stringify(params),
      })
    }
    expect(run(200)).toBe('the answer')
    expect(posted.url).toBe('http://hook')
    expect(read(parseJson(posted.body ?? ''))).toMatchObject({ sender: 'zabbix', phase: 'firing' })
    expect(posted.body).not.toContain('http://hook')
    expect(() => run(503)).toThrow('Answered 503: the answer')
  })
})
