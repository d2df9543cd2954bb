import { describe, expect, it } from 'vitest'
import { parsePage, recordFormat, storedPage } from '../../src/api/record.ts'
import type { Row } from '../../src/api/row.ts'
import { maxDid } from '../../src/api/settlement.ts'
import {
  defaultLimits,
  emptyMemory,
  memoryOf,
  storedOf,
  type Memory,
  openRows,
  withPages,
  type Page,
} from '../../src/record/memory.ts'
import { closingOf } from '../../src/record/record-pages.ts'
import { withRow } from '../support/memories.ts'

const limits = { rows: 4000, open: 3, page: 12 }

const row = (key: string, at = 1): Row => ({ state: 'done', key, at, from: 1, to: 2 })
const claim = { mark: 'm', target: 'apps/v1/deployments/Deployment/web', uid: 't1', version: '7', to: 3, helped: true }
const claimed = (key: string): Row => ({ state: 'claimed', key, at: 1, from: 2, to: 3, claim })
const rowsOf = (...rows: readonly Row[]): Memory => ({ ...emptyMemory, rows })
const keys = (rows: readonly Row[] | undefined): readonly string[] | undefined => rows?.map(({ key }) => key)

/** Stores a memory and reads it again, as another process does. */
const readAgain = (memory: Memory): Memory => {
  const pages = (memory.pages?.list ?? []).map(({ name, rows }) => {
    const parsed = parsePage(JSON.stringify(storedPage(rows)))
    return { name, rows: parsed.content === 'known' ? parsed.rows : [] }
  })
  return memoryOf(storedOf(memory), pages)
}

/** Closes what is to be closed, in a page of this name. */
const closed = (memory: Memory, name: string): Memory => {
  const closing = closingOf(memory, limits)
  return closing ? withPages(memory, [...closing.kept, { name, rows: closing.rows }]) : memory
}

describe('a record with little in it', () => {
  it('has no pages', () => {
    const memory = rowsOf(row('a'), row('b'))
    expect(closingOf(memory, limits)).toBeUndefined()
    expect(storedOf(memory).pages).toBeUndefined()
  })
})

describe('what is closed', () => {
  it('is what is finished, and no claim', () => {
    const memory = rowsOf(row('a'), claimed('b'), row('c'), row('d'))
    expect(keys(closingOf(memory, limits)?.rows)).toEqual(['a', 'c', 'd'])
    const after = closed(memory, 'p1')
    expect(keys(openRows(after))).toEqual(['b'])
    expect(storedOf(after)).toMatchObject({ pages: ['p1'], rows: [{ key: 'b' }] })
  })

  it('is remembered as if it were not', () => {
    const memory = rowsOf(row('a'), row('b'), row('c'))
    const again = readAgain(closed(memory, 'p1'))
    expect(again.rows).toEqual(memory.rows)
    expect(openRows(again)).toEqual([])
  })

  it('is joined with small pages before it, so that there are few', () => {
    let memory = emptyMemory
    const sizes: (readonly number[])[] = []
    for (let i = 0; i < 24; i++) {
      memory = closed(withRow(row(`${i}`))(memory), `p${i}`)
      sizes.push((memory.pages?.list ?? []).map(({ rows }) => rows.length))
    }
    expect(sizes.filter((_, i) => (i + 1) % 3 === 0)).toEqual([
      [3],
      [6],
      [6, 3],
      [12],
      [12, 3],
      [12, 6],
      [12, 6, 3],
      [12, 12],
    ])
    expect(keys(readAgain(memory).rows)).toEqual(Array.from({ length: 24 }, (_, i) => `${i}`))
  })
})

describe('a row that has come again', () => {
  const pages: readonly Page[] = [
    { name: 'p1', rows: [row('a', 1), row('b', 1)] },
    { name: 'p2', rows: [row('a', 2)] },
  ]

  it('stands in the place of those that are closed, the newest page before the others', () => {
    const stored = storedOf(withPages(rowsOf(row('b', 3)), pages))
    expect(memoryOf(stored, pages).rows).toEqual([row('a', 2), row('b', 3)])
  })

  it('is the only one of its key when pages are joined', () => {
    const memory = memoryOf({ ...storedOf(emptyMemory), rows: [row('b', 3), row('c', 3)] }, pages)
    const next = closingOf(memory, { ...limits, open: 2 })
    expect(next?.rows).toEqual([row('a', 2), row('b', 3), row('c', 3)])
    expect(next?.kept).toEqual([])
  })
})

describe('a page whose rows are all forgotten', () => {
  it('is listed no longer', () => {
    const day = 24 * 3_600_000
    const old = closed(rowsOf(row('a'), row('b'), row('c')), 'p1')
    const memory = ['d', 'e', 'f'].reduce((so, key) => withRow(row(key, 2 * day))(so), old)
    expect(closingOf(memory, limits)).toMatchObject({ gone: [{ name: 'p1' }], kept: [] })
  })
})

describe('the content of a page', () => {
  it('can be read with as many acts as a page holds, and all that their rows keep', () => {
    const largest = (index: number): Row => ({
      state: 'acted',
      key: `${index}`.padStart(22, '0'),
      at: 1_764_558_000_000,
      newsAt: 1_764_558_000_000,
      body: 'b'.repeat(22),
      of: 'o'.repeat(8),
      summary: '"'.repeat(120),
      reason: 'NothingRestarts',
      did: Array.from({ length: maxDid }, (_, did) => `${did}`.padStart(31, '0')),
      n: 1000,
    })
    const rows = Array.from({ length: defaultLimits.page }, (_, index) => largest(index))
    expect(parsePage(JSON.stringify(storedPage(rows)))).toEqual({ content: 'known', rows })
  })

  it.each([
    ['of a later version is not guessed', { format: recordFormat + 1, page: [] }, 'newer'],
    ['of this version is known', { format: recordFormat, page: [row('a')] }, 'known'],
    ['that lacks something is unreadable', { format: recordFormat, page: [{ key: 'a' }] }, 'unreadable'],
  ])('%s', (_, content, found) => {
    expect(parsePage(JSON.stringify(content)).content).toBe(found)
  })
})
