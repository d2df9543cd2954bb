import { describe, expect, it } from 'vitest'
import { titleOf } from './installation.ts'
import { allRights, rows, tryOut } from './rights.ts'

it('every right of the base has its place in this table, once', () => {
  const known = rows.flatMap(({ needs }) => needs).map(titleOf)
  expect(known.toSorted()).toEqual(allRights.map(titleOf).toSorted())
})

describe('with all rights', () => {
  it.each(rows)('$does, and nothing is refused', async ({ held, probe }) => {
    expect(await tryOut(probe, held)).toEqual({ works: true, refused: [] })
  })
})
