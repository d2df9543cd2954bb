import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { humanDuration } from '../../cli/output/times.ts'
import { parseJsonPath } from '../../apiserver/jsonpath.ts'
import {
  ask,
  configMap,
  configMaps,
  crds,
  deployment,
  deployments,
  widget,
  widgetCrd,
  widgets,
  type Answer,
} from './ask.ts'

const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** Returns a table's rows, each as one text; with `wide`, as `-o wide` shows them. */
const rows = ({ body }: Answer, wide = false): string[] => {
  const columns = at(body, 'columnDefinitions')
  const shown = (Array.isArray(columns) ? columns : []).map(column => wide || at(column, 'priority') === 0)
  const line = (cells: unknown): string =>
    (Array.isArray(cells) ? cells : [])
      .filter((_, index) => shown[index])
      .map(String)
      .join(' | ')
  const all = at(body, 'rows')
  const names = Array.isArray(columns) ? columns.map(column => at(column, 'name')) : []
  return [line(names), ...(Array.isArray(all) ? all.map(row => line(at(row, 'cells'))) : [])]
}

describe('a table', () => {
  it('of Deployments shows what kubectl get shows', async () => {
    const { post, patch, get, clock } = ask()
    post(deployments, deployment('web', 3))
    patch(`${deployments}/web/status`, 'merge', {
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
    })
    await clock.advance(133_000)
    expect(rows(get(deployments, {}, asTable))).toEqual([
      'Name | Ready | Up-to-date | Available | Age',
      'web | 2/3 | 3 | 1 | 2m13s',
    ])
    expect(rows(get(deployments, {}, asTable), true)[1]).toBe('web | 2/3 | 3 | 1 | 2m13s | web | nginx:1 | app=web')
  })

  it('of a custom resource has the columns of its CRD, null where there is nothing', async () => {
    const { post, patch, get, clock } = ask()
    const columns = [
      { name: 'Driver', type: 'string', jsonPath: '.spec.driver' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Max', type: 'integer', jsonPath: '.spec.max', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ]
    const spec = { type: 'object', properties: { driver: { type: 'string' }, max: { type: 'integer' } } }
    post(crds, widgetCrd(spec, { additionalPrinterColumns: columns }))
    post(widgets, widget('a', { driver: 'scale', max: 3 }))
    await clock.advance(5000)
    const empty = get(widgets, {}, asTable)
    const conditions = [
      { type: 'Stalled', status: 'False' },
      { type: 'Ready', status: 'True' },
    ]
    patch(`${widgets}/a/status`, 'merge', { status: { conditions } })
    const table = get(`${widgets}/a`, {}, asTable)
    expect(rows(empty)).toEqual(['Name | Driver | Ready | Age', 'a | scale | null | 5s'])
    expect(rows(table, true)).toEqual(['Name | Driver | Ready | Max | Age', 'a | scale | True | 3 | 5s'])
    expect(at(table.body, 'rows')).toMatchObject([
      { object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } },
    ])
  })

  it('of Events begins with when and what, not with names', () => {
    const { post, get } = ask()
    post('/apis/events.k8s.io/v1/namespaces/default/events', {
      metadata: { name: 'e' },
      note: 'from 1 to 2',
      reason: 'Stepped',
      type: 'Normal',
      regarding: { kind: 'Deployment', name: 'web' },
      eventTime: '2026-01-01T00:00:00.000000Z',
    })
    for (const path of ['/api/v1/events', '/apis/events.k8s.io/v1/events']) {
      expect(rows(get(path, {}, asTable))).toEqual([
        'Last Seen | Type | Reason | Object | Message',
        '0s | Normal | Stepped | deployment/web | from 1 to 2',
      ])
    }
  })

  it('comes as events of a watch, too', () => {
    const { post, watch } = ask()
    const watched = watch(configMaps, {}, asTable)
    post(configMaps, configMap('a', { x: '1' }))
    expect(watched.events).toMatchObject([
      { type: 'ADDED', object: { kind: 'Table', rows: [{ cells: ['a', '1', '0s'] }] } },
    ])
  })
})

describe('metadata alone', () => {
  it('is what a client gets that asks for it', () => {
    const { post, get } = ask()
    post(configMaps, configMap('a', { x: '1' }))
    const one = get(`${configMaps}/a`, {}, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1').body
    const list = get(configMaps, {}, 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1').body
    expect(one).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } })
    expect(one['data']).toBeUndefined()
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] })
  })
})

describe('an age', () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]
  it.each([
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [2 * minute + 13 * second, '2m13s'],
    [10 * minute + 13 * second, '10m'],
    [3 * hour + 5 * minute, '3h5m'],
    [8 * hour + 5 * minute, '8h'],
    [2 * day + 4 * hour, '2d4h'],
    [8 * day + 4 * hour, '8d'],
    [2 * 365 * day + 3 * day, '2y3d'],
    [9 * 365 * day, '9y'],
    [-5 * second, '<invalid>'],
  ])('of %i ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text)
  })
})

describe('a JSONPath', () => {
  const object = {
    a: {
      'b.c': 1,
      list: [
        { type: 'x', v: 1 },
        { type: 'y', v: 2 },
      ],
    },
  }
  it.each<[string, unknown[]]>([
    ['.a.list[1].v', [2]],
    ['.a.list[*].v', [1, 2]],
    ['.a.list[?(@.type=="y")].v', [2]],
    [".a.list[?(@.type=='z')].v", []],
    [".a['b.c']", [1]],
    [`.a['none', "b.c"]`, [1]],
    [".a['none','list'][0].v", [1]],
    ['.a.b\\.c', [1]],
    ['.a.none.x', []],
  ])('%s', (path, expected) => {
    expect(parseJsonPath(path)?.(object)).toEqual(expected)
  })

  it('that is none is undefined', () => {
    expect(parseJsonPath('.a[?(@.x>1)]')).toBeUndefined()
  })
})
