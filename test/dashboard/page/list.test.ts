import { describe, expect, it } from 'vitest'
import { needyWord, search, toggled } from '../../../dashboard/page/list/search.ts'
import { drawnRows, edgesOf } from '../../../dashboard/page/list/window.ts'
import type { ListedHook } from '../../../dashboard/protocol.ts'
import { fc, property } from '../../support/property.ts'

const row = (name: string, more: Partial<ListedHook> = {}): ListedHook => ({
  key: `shop/${name}`,
  namespace: 'shop',
  name,
  uid: name,
  generation: 1,
  driver: 'scale',
  does: 'scale up by 1',
  suspended: false,
  ready: 'True',
  reason: 'Valid',
  message: '',
  recent: [],
  counts: {},
  url: 'status',
  ...more,
})

const names = (rows: readonly ListedHook[]): readonly string[] => rows.map(({ name }) => name)

it('a button of the list adds its word to the search, and takes it away', () => {
  expect(toggled('web', needyWord)).toBe('web not:ready')
  expect(toggled('web not:ready', needyWord)).toBe('web')
})

describe('the search', () => {
  const rows = [
    row('web-10', {
      target: 'Deployment/web',
      last: { time: '2026-01-02T00:00:00Z', sender: 'alertmanager', outcome: 'applied', reason: 'Stepped' },
    }),
    row('web-2', { target: 'Deployment/api', ready: 'False', reason: 'TargetNotFound' }),
    row('db', {
      suspended: true,
      last: { time: '2026-01-01T00:00:00Z', sender: 'plain', outcome: 'skipped', reason: 'Suspended' },
    }),
  ]
  const byName = { by: 'name', descending: false } as const

  it.each([
    ['', ['db', 'web-2', 'web-10']],
    ['WEB', ['web-2', 'web-10']],
    ['web alert', ['web-10']],
    ['targetnot', ['web-2']],
    ['suspended', ['db']],
    ['deployment/api', ['web-2']],
    [needyWord, ['web-2']],
    ['is:ready', ['web-10']],
    ['is:suspended', ['db']],
    ['is:leased', []],
    ['driver:scale web', ['web-2', 'web-10']],
    ['driver:scal', []],
    ['nothing', []],
  ])('for %j finds %j', (text, found) => {
    expect(names(search(rows, text, byName))).toEqual(found)
  })

  it.each([
    [{ by: 'need', descending: false }, ['web-2', 'db', 'web-10']],
    [{ by: 'name', descending: true }, ['web-10', 'web-2', 'db']],
    [{ by: 'last', descending: true }, ['web-10', 'db', 'web-2']],
    [{ by: 'ready', descending: false }, ['web-2', 'db', 'web-10']],
    [{ by: 'target', descending: false }, ['db', 'web-2', 'web-10']],
  ] as const)('sorts by %j', (sorting, found) => {
    expect(names(search(rows, '', sorting))).toEqual(found)
  })
})

const viewport = fc.record({
  scrolled: fc.integer({ min: 0, max: 40_000 }),
  height: fc.integer({ min: 0, max: 3000 }),
  edges: fc.array(fc.integer({ min: 20, max: 200 }), { maxLength: 300 }).map(edgesOf),
})

describe('the window of rows', () => {
  property('draws all that is seen, and little else', [viewport], view => {
    const { above, end, first } = drawnRows(view)
    const { edges, height, scrolled } = view
    expect(above).toBe(edges[first])
    const seen = edges.slice(1).flatMap((bottom, index) => {
      const top = edges[index] ?? 0
      return bottom > scrolled && top < scrolled + height ? [index] : []
    })
    expect(seen.filter(index => index < first || index >= end)).toEqual([])
    expect(end - first).toBeLessThanOrEqual(seen.length + 26)
  })
})
