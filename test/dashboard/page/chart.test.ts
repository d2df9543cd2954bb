import { expect, it } from 'vitest'
import { chartOf, chartSize } from '../../../dashboard/page/target/chart-path.ts'
import type { ListedHook, RowDelivery } from '../../../dashboard/protocol.ts'

const count = {
  shownAs: 'Deployment/web',
  count: 6,
  base: 2,
  baseBy: 'kubectl-scale',
  lasting: { by: 4, hooks: [] },
  open: [],
  ended: [],
  notes: [],
}
const second = '2026-12-02T08:00:00Z'
const now = Date.UTC(2026, 11, 2, 9)

const delivery = (from: number, to: number): RowDelivery => ({
  ...{ time: second, sender: 'plain', outcome: 'applied', reason: 'Stepped', from, to },
})
const row = (
  name: string,
  recent: readonly RowDelivery[],
  bounds: { min?: number; max?: number } = {},
): ListedHook => ({
  ...{ key: `shop/${name}`, namespace: 'shop', name, uid: name, generation: 1, driver: 'scale', does: '', message: '' },
  ...{ suspended: false, ready: 'True', reason: 'Valid', counts: {}, url: 'status', recent, ...bounds },
})
const charted = (rows: readonly ListedHook[]) => chartOf({ count, rows, autoscalers: [], now })

it('changes of one second are drawn in the order in which one led to the next', () => {
  const rows = [
    row('down', [delivery(7, 6)]),
    row('sale', [delivery(5, 7)]),
    row('up', [delivery(4, 5), delivery(3, 4)]),
  ]
  expect(charted(rows)?.writes.map(({ label }) => label.split(',')[0])).toEqual([
    'up: 3 → 4',
    'up: 4 → 5',
    'sale: 5 → 7',
    'down: 7 → 6',
  ])
})

it('a bound that several hooks have is one line, and all is inside of the picture', () => {
  const drawn = charted([row('a', [delivery(5, 6)], { min: 1, max: 10 }), row('b', [], { min: 1, max: 10 })])
  expect(drawn?.lines.map(({ label }) => label)).toEqual(['10 max a, …', '1 min a, …'])
  for (const { y } of drawn?.lines ?? []) expect(y > 0 && y < chartSize.height).toBe(true)
})

it('without a change of the count there is no picture', () => {
  expect(charted([row('a', [delivery(6, 6)])])).toBeUndefined()
})
