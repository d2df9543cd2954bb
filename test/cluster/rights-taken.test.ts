import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { titleOf } from './installation.ts'
import { rows, tryOut } from './rights.ts'

describe('without', () => {
  const taken = rows.flatMap(({ needs, ...row }) => needs.map(right => ({ ...row, right, title: titleOf(right) })))
  it.each(taken)('$title, it is no longer so that $does', async ({ held, probe, right, title }) => {
    const left = held.filter(other => !isDeepStrictEqual(other, right))
    expect(await tryOut(probe, left)).toEqual({ works: false, refused: [title] })
  })
})
