import { expect, it } from 'vitest'
import { askedIn, type AskedByQuery } from '../../src/trigger/query.ts'

const queries: readonly (readonly [query: string, asked: AskedByQuery | undefined])[] = [
  ['', { dryRun: false }],
  ['team=web', { dryRun: false }],
  ['dryRun=true', { dryRun: true }],
  ['dryRun=false', { dryRun: false }],
  ['wait', { dryRun: false, waitMs: 25_000 }],
  ['wait=0s', { dryRun: false, waitMs: 0 }],
  ['wait=1m30s', { dryRun: false, waitMs: 90_000 }],
  ['wait=10m&dryRun=false', { dryRun: false, waitMs: 600_000 }],
  ['reason=database%20migration', { dryRun: false, reason: 'database migration' }],
  ['wait&reason=%C3%BCber+Nacht', { dryRun: false, waitMs: 25_000, reason: 'über Nacht' }],
  [`reason=${'%F0%9F%92%A4'.repeat(64)}`, { dryRun: false, reason: '💤'.repeat(64) }],
  ['waiter=yes', { dryRun: false }],
  // What may be meant so, and is not said so.
  ['dry-run=server', undefined],
  ['dryRun=true&dryRun=false', undefined],
  ['wait=11m', undefined],
  ['wait=25', undefined],
  ['wait=-1s', undefined],
  ['wait=true', undefined],
  ['Wait=25s', undefined],
  ['wait=1s&wait=2s', undefined],
  ['wait=1s&dryRun=true', undefined],
  ['reason=', undefined],
  ['reason=two%0Alines', undefined],
  [`reason=${'x'.repeat(65)}`, undefined],
  ['reason=one&reason=other', undefined],
]

it.each(queries)('"%s" asks for %o', (query, asked) => {
  expect(askedIn(new URLSearchParams(query))).toEqual(asked)
})
