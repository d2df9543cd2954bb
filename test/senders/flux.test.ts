import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { at, stringAt } from '../../src/api/json.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { snippetNamed } from '../../cli/snippets/write.ts'
import { exampleURL } from '../snippets/known-hooks.ts'
import { fc, property } from '../support/property.ts'
import { knownBodies } from './bodies.ts'

const object = {
  kind: 'Kustomization',
  namespace: 'flux-system',
  name: 'shop',
  uid: '02350a0b-a8a3-4cd3-bf58-5400c0fc9662',
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  resourceVersion: '365594',
}
const event = {
  involvedObject: object,
  severity: 'info',
  timestamp: '2026-01-01T10:00:00Z',
  message: 'Deployment/shop/web configured',
  reason: 'Progressing',
  metadata: { revision: 'main@sha1:731f7ead' },
  reportingController: 'kustomize-controller',
  reportingInstance: 'kustomize-controller-7c7b47f5f-8bhrp',
}

const read = (json: unknown, headers: Record<string, string> = {}) => deliveryOf({ headers, json })

describe('an event of Flux', () => {
  it('is a delivery that neither begins nor ends anything, and names no image', () => {
    const { identity, ...rest } = read(event)
    expect(rest).toEqual({ sender: 'flux', phase: 'none' })
    expect(identity?.newsAt, 'a copy is one however late it arrives').toBe(0)
  })

  it.each(['info', 'error', 'trace', 'another'])('counts with the severity %s', severity => {
    expect(read({ ...event, severity })).toMatchObject({ sender: 'flux', phase: 'none' })
  })

  it('is recognised without the header of Flux, which a proxy may remove, and with it', () => {
    expect(read(event, { 'gotk-component': 'kustomize-controller' })).toEqual(read(event))
  })

  it('has a short key, though its message may have 39,000 characters', () => {
    const long = (end: string) => read({ ...event, message: 'x'.repeat(38_999) + end }).identity?.key ?? ''
    expect(long('a').length).toBeLessThan(100)
    expect(long('a')).not.toBe(long('b'))
  })

  it.each([
    ['no time', { ...event, timestamp: undefined }],
    ['an empty time', { ...event, timestamp: '' }],
    ['no time, as Go writes it', { ...event, timestamp: null }],
  ])('counts always with %s: nothing distinguishes a later one from a retry', (_name, json) => {
    expect(read(json)).toEqual({ sender: 'flux', phase: 'none' })
  })

  it.each([
    ['of Kubernetes', { ...event, severity: undefined, reportingController: undefined, reportingComponent: 'kubelet' }],
    ['without an object', { ...event, involvedObject: undefined }],
    ['of an object without a kind', { ...event, involvedObject: { ...object, kind: undefined } }],
    ['whose severity is no text', { ...event, severity: 1 }],
    ['in a list', [event]],
  ])('is not seen in one %s', (_name, json) => {
    expect(read(json)).toEqual({ sender: 'plain', phase: 'none' })
  })
})

describe('two events of Flux', () => {
  const changes: readonly (readonly [string, object])[] = [
    ...Object.keys(object).map(
      member => [member, { ...event, involvedObject: { ...object, [member]: 'other' } }] as const,
    ),
    ['severity', { ...event, severity: 'error' }],
    ['timestamp', { ...event, timestamp: '2026-01-01T10:00:01Z' }],
    ['message', { ...event, message: 'Service/shop/web configured' }],
    ['reason', { ...event, reason: 'ReconciliationSucceeded' }],
    ['revision', { ...event, metadata: { revision: 'main@sha1:b0ba780e' } }],
    ['metadata', { ...event, metadata: { ...event.metadata, cluster: 'eu-1' } }],
    ['reportingController', { ...event, reportingController: 'helm-controller' }],
    ['reportingInstance', { ...event, reportingInstance: 'kustomize-controller-7c7b47f5f-x2x7k' }],
    ['a member of a later version', { ...event, id: '1' }],
  ]

  it.each(changes)('are two deliveries if they differ in this alone: %s', (_name, other) => {
    expect(read(other).identity?.key).toBeDefined()
    expect(read(other).identity?.key).not.toBe(read(event).identity?.key)
  })

  it('are one delivery if they are equal, also if a proxy writes the members in another order', () => {
    const turned = (given: object) => Object.fromEntries(Object.entries(given).toReversed())
    const other = { ...turned(event), involvedObject: turned(object), metadata: turned({ ...event.metadata, a: 'b' }) }
    expect(read(other)).toEqual(read({ ...event, metadata: { ...event.metadata, a: 'b' } }))
  })

  const texts = (...names: readonly string[]) =>
    fc.record(Object.fromEntries(names.map(name => [name, fc.constantFrom('', 'a', 'b', '"', '","b')])))
  const events = fc
    .tuple(
      texts('kind', 'name', 'resourceVersion'),
      texts('severity', 'message', 'reason', 'reportingController'),
      texts('revision', 'summary'),
      fc.constantFrom('2026-01-01T10:00:00Z', '2026-01-01T10:00:01Z'),
    )
    .map(([involvedObject, rest, metadata, timestamp]) => ({ ...rest, involvedObject, metadata, timestamp }))

  property(
    'are one delivery if they say the same, and else two',
    [events, events],
    (one, other) => {
      const keyOf = (json: unknown) => read(json).identity?.key
      expect(keyOf(one)).toBe(keyOf(structuredClone(one)))
      expect(keyOf(one) === keyOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
    },
    1000,
  )

  property(
    'are read without throwing, with any content',
    [fc.jsonValue(), fc.jsonValue(), fc.jsonValue()],
    (value, metadata, timestamp) => {
      const json = { ...event, involvedObject: { ...object, name: value }, message: value, metadata, timestamp }
      expect(read(json)).toMatchObject({ sender: 'flux', phase: 'none' })
    },
  )
})

describe('the Alert of the ready configuration', () => {
  const texts = snippetNamed('flux')?.texts({ namespace: 'shop', name: 'web-up', url: exampleURL })
  const text = texts?.[0]?.text ?? ''
  const [, provider, alert] = parseAllDocuments(text).map(document => document.toJS() as unknown)
  const included = at(alert, 'spec', 'inclusionList')
  const patterns = Array.isArray(included) ? included.map(String) : []

  /** Returns the bodies that it lets through, as notification-controller decides. */
  const passing = knownBodies
    .filter(({ sender }) => sender === 'flux')
    .filter(({ message: { json } }) =>
      patterns.some(pattern => new RegExp(pattern).test(stringAt(json, 'message') ?? '')),
    )

  it('lets through what was configured, also in an error, and nothing else', () => {
    const severities = (beginning: string) =>
      passing.filter(({ name }) => name.startsWith(beginning)).map(({ message }) => stringAt(message.json, 'severity'))
    expect(new Set(severities('configured'))).toEqual(new Set(['info']))
    expect(severities('failed-half-way')).toEqual(['error'])
    expect(passing.filter(({ name }) => !/^(?:configured|failed-half-way)/.test(name))).toEqual([])
  })

  it('says how to leave errors out, which it cannot do itself', () => {
    expect(text).toContain(`body.severity == 'info'`)
    expect(at(alert, 'spec', 'eventSeverity')).toBe('info')
  })

  it('has a Provider with time for all four retries, 30 s of waiting in all', () => {
    expect(at(provider, 'spec', 'timeout')).toBe('1m')
  })
})
