import { expect, it } from 'vitest'
import { accountOf, type HookPart } from '../../cli/why/account.ts'
import { authorsOf } from '../../cli/why/authors.ts'
import { doubtsOf, explanation, type ExplainedCount } from '../../cli/why/explanation.ts'
import { viaObject } from '../../src/steps/target/via-object.ts'

const now = Date.UTC(2026, 10, 27, 20)

const part = (by: number, more: Partial<HookPart> = {}): HookPart => ({ hook: 'web-up', by, at: now - 60_000, ...more })

/** A count of 7 that hooks alone have written since somebody else had set 3 in version 100. */
const seen = { count: 7, resourceVersion: '130', lastWord: { since: '100', word: 3 } }
const others = { count: 7, resourceVersion: '130' }

it.each([
  ['parts of the time since the last word are open', seen, '100', { open: 1, ended: 0, base: 3, good: 2 }],
  ['parts of an earlier time are ended', seen, '90', { open: 0, ended: 1, base: 3, good: 4 }],
  ['all parts are ended by a later write of others', others, '100', { open: 0, ended: 1, base: 7, good: 0 }],
  ['parts that do not say since when are ended by it too', others, undefined, { open: 0, ended: 1, base: 7, good: 0 }],
  ['parts that do not say since when are open otherwise', seen, undefined, { open: 1, ended: 0, base: 3, good: 2 }],
])('%s', (_, count, since, wanted) => {
  const account = accountOf(count, [part(2, { since })], [])
  if (account === 'outdated') throw new Error('it is not')
  const { base, ended, good, open } = account
  expect({ base, good, open: open.length, ended: ended.length }).toEqual(wanted)
})

it('a count that was read before a part, or before a write that was pending, must be read again', () => {
  expect(accountOf(seen, [part(2, { since: '110' })], [])).toBe('outdated')
  expect(accountOf(others, [part(2, { since: '140' })], [])).toBe('outdated')
  const claim = { hook: 'web-up', by: 1, at: now, version: '120' }
  expect(accountOf(seen, [], [{ ...claim, isPending: true }])).toBe('outdated')
  expect(accountOf(seen, [], [{ ...claim, isPending: true, version: '130' }])).not.toBe('outdated')
  expect(accountOf(seen, [], [{ ...claim, isPending: false }])).not.toBe('outdated')
})

const entry = (manager: string, fields: object, time: string, operation = 'Update') => ({
  manager,
  operation,
  time,
  fieldsV1: fields,
})

it('says who owns the count of one pool, without hooks, and the newest first', () => {
  const pools = (name: string, member: string) => ({
    'f:spec': { 'f:pools': { [`k:{"name":"${name}"}`]: { [`f:${member}`]: {} } } },
  })
  const managedFields = [
    entry('kubectl-edit', pools('workers', 'quantity'), '2026-11-27T10:00:00Z'),
    entry('argocd-controller', pools('workers', 'quantity'), '2026-11-27T11:00:00Z', 'Apply'),
    entry('helm', pools('other', 'quantity'), '2026-11-27T12:00:00Z'),
    entry('flux', pools('workers', 'labels'), '2026-11-27T13:00:00Z'),
    entry('receiver-hooks', pools('workers', 'quantity'), '2026-11-27T14:00:00Z'),
    entry('receiver-hooks.ab12.3.100.4', pools('workers', 'quantity'), '2026-11-27T14:00:00Z', 'Apply'),
    entry('receiver-hooks.fence.1', pools('workers', 'quantity'), '2026-11-27T14:00:00Z', 'Apply'),
  ]
  const object = { metadata: { name: 'east', uid: 'u', resourceVersion: '1', managedFields } }
  const workers = viaObject({ way: ['spec', 'pools', { name: 'workers' }, 'quantity'] })
  expect(authorsOf(object, workers)).toEqual([
    { manager: 'argocd-controller', applies: true, time: '2026-11-27T11:00:00Z' },
    { manager: 'kubectl-edit', applies: false, time: '2026-11-27T10:00:00Z' },
  ])
})

const said = (parts: readonly HookPart[], more: Partial<ExplainedCount> = {}): string => {
  const account = accountOf(seen, parts, [])
  if (account === 'outdated') throw new Error('it is not')
  const explained: ExplainedCount = {
    namespace: 'shop',
    count: { shownAs: 'Deployment/web', at: viaObject({ way: ['spec', 'replicas'] }) },
    account,
    put: 0,
    isOurs: true,
    authors: undefined,
    aimed: [],
    said: { by: 'records', parts, claims: [], unknown: [], unread: [] },
    autoscalers: [],
    ...more,
  }
  return explanation(explained, { paint: (_, text) => text, width: undefined, now })
}

it.each([
  [{ state: 'held' }, 'held back for 30s: bounds forbid it'],
  [{ state: 'overdue', why: 'a policy refuses it', of: 'plain' }, 'overdue since 30s   plain; a policy refuses it'],
  [{}, '(now)'],
] as const)('says of a part with %j that it is %s', (more, shown) => {
  expect(said([part(4, { since: '100', until: now - 30_000, ...more })])).toContain(shown)
})

it('says what nobody knows, and what this person may not see', () => {
  const text = said([part(3, { since: '100' })], {
    autoscalers: 'unknown',
    said: { by: 'statuses', parts: [], claims: [], unknown: [{ hook: 'web-up', at: now - 5000 }], unread: ['other'] },
  })
  expect(text).toContain('it is no longer known who')
  expect(text).toContain('This does not add up: base and parts make 6, but the count is 7. +1 is from')
  expect(text).toContain('what statuses do not show, or an unreadable record.')
  expect(text).toContain('You may not list autoscalers here')
  expect(text).toContain('Nobody can know whether a delivery to web-up changed Deployment/web, 5s ago')
  expect(text).toContain('A newer version wrote the record of other')
  expect(text).toContain('You may not read receiverhookrecords')
})

it.each([
  ['Deployment/web', 1, true, 'web-up has been about to change this count by +1 for 60s.'],
  ['Deployment/web', -1, false, 'Nobody knows whether web-up made a step by -1, 60s ago.'],
  ['CronJob/report suspend=true', 1, true, 'web-up has been about to begin a hold for 60s.'],
  ['CronJob/report suspend=true', -1, false, 'Nobody knows whether web-up ended a hold, 60s ago.'],
])('a claim on %s of %i, pending: %s, is said in words', (shownAs, by, isPending, words) => {
  const account = accountOf(seen, [], [{ hook: 'web-up', by, at: now - 60_000, version: '130', isPending }])
  if (account === 'outdated') throw new Error('it is not')
  const said = { by: 'records', parts: [], claims: [], unknown: [], unread: [] } as const
  expect(doubtsOf({ account, said }, shownAs, now)).toEqual([words])
})
