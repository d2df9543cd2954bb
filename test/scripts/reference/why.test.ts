import { expect, it } from 'vitest'
import { whyPage } from '../../../scripts/reference/why.ts'
import { deliveryOutcomes } from '../../../src/api/record.ts'

it('the path through a delivery that is missed names the outcomes that a status can list, and no other', () => {
  const rows = whyPage()
    .split('\n')
    .filter(line => line.startsWith('| is `'))
  const named = rows.flatMap(row => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, outcome]) => outcome))
  expect(new Set(named)).toEqual(new Set(deliveryOutcomes))
})
