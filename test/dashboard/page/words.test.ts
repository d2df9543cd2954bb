import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { sparkPath } from '../../../dashboard/page/parts/spark-path.ts'
import { adviceOn, outcomeOf } from '../../../dashboard/page/words/advice.ts'
import { moreLeases } from '../../../dashboard/page/words/hooks.ts'
import { kubectlMany, kubectlGrant, kubectlRotate, kubectlSuspend } from '../../../dashboard/page/words/kubectl.ts'
import { sentence, sentences } from '../../../dashboard/page/words/sentence.ts'
import { ago, dateText, lasting } from '../../../dashboard/page/words/time.ts'
import { deletedText, deletionText, laterOverlapText, rotatedText } from '../../../dashboard/page/words/hooks.ts'
import { toYaml } from '../../../dashboard/page/words/yaml.ts'
import { fc, property } from '../../support/property.ts'

const awkward = fc.constantFrom(
  'yes',
  'No',
  'null',
  '~',
  '1',
  '0x1f',
  '1e3',
  '1_000',
  '12:30',
  '.inf',
  '- a',
  'a: b',
  '# x',
  'a #b',
  "it's",
  '"q"',
  ' x',
  'x ',
  'a\nb',
  '\u2028',
  '\ud800',
  '<<',
  '=',
  '@a',
  '%b',
  '|',
  '>',
  '2001-01-01',
  'ë',
  '😀',
  'é\u0085',
)
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), awkward)
const { tree } = fc.letrec(tie => ({
  leaf: fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.constant({}), fc.constant([])),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      text.filter(name => name !== '__proto__'),
      tie('tree'),
      { maxKeys: 4 },
    ),
  ),
}))
const manifest = fc.dictionary(
  text.filter(name => name !== '__proto__'),
  tree,
  { minKeys: 1, maxKeys: 4 },
)

describe('YAML', () => {
  for (const version of ['1.1', '1.2'] as const) {
    property(`read back as ${version} is the value`, [manifest], value => {
      expect(parse(toYaml(value), { version, uniqueKeys: true })).toEqual(value)
    })
  }

  it('looks as people write it', () => {
    const value = {
      kind: 'ReceiverHook',
      spec: { scale: { target: { name: 'web' }, by: '25%', max: 10 }, list: ['a', { b: 1, c: 2 }] },
    }
    expect(toYaml(value)).toBe(
      'kind: ReceiverHook\nspec:\n  scale:\n    target:\n      name: web\n    by: "25%"\n    max: 10\n  list:\n    - a\n    - b: 1\n      c: 2\n',
    )
  })
})

describe('what the list of leases does not show', () => {
  const lease = { object: 'Deployment/web', by: 2, since: '', until: '' }

  it.each([
    [[lease, lease], { open: 5, sum: 9 }, 'And 3 more, which end later. All of them together change the count by +9.'],
    [[lease], { open: 2, sum: -3 }, 'And 1 more, which ends later. All of them together change the count by −3.'],
    [[lease], { open: 1, sum: 2 }, ''],
    [[], { open: 2, sum: 2 }, ''],
    [[lease], undefined, ''],
  ])('is said of %j and %j', (shown, all, said) => {
    expect(moreLeases(shown, all)).toBe(said)
  })
})

describe('a kubectl line', () => {
  it('ends leases', () => {
    expect(kubectlMany('end', [{ namespace: 'shop', name: 'web-up' }])).toBe('kubectl receiverhook end web-up -n shop')
  })

  it('quotes what a shell would read as something else', () => {
    expect(kubectlSuspend('shop', 'web-up', true)).toBe(
      `kubectl -n shop patch receiverhook web-up --type merge -p '{"spec":{"suspend":true}}'`,
    )
  })

  it('grants to users and to service accounts', () => {
    expect(kubectlGrant('bob', 'shop', ['get', 'list'], 'receiverhooks.receiverhooks.dev').split('\n').at(1)).toBe(
      'kubectl -n shop create rolebinding receiver-hooks-get --role=receiver-hooks-get --user=bob',
    )
    expect(kubectlGrant('system:serviceaccount:ops:viewer', 'shop', ['get'], 'x')).toContain(
      '--serviceaccount=ops:viewer',
    )
  })
})

describe('times', () => {
  const now = Date.UTC(2026, 0, 1, 12)
  it.each([
    [0, 'just now'],
    [-30, '30s ago'],
    [-150, '2m ago'],
    [-7200, '2h ago'],
    [-200_000, '2d ago'],
    [3600, 'in 1h'],
  ])('%i s from now are shown as %s', (seconds, expected) => {
    expect(ago(new Date(now + seconds * 1000).toISOString(), now)).toBe(expected)
  })

  it('are empty for what is no moment', () => {
    expect(ago('<b>soon</b>', now)).toBe('')
  })

  it('say how long something lasts', () => {
    const expected = [12_000, 240_000, 4 * 3_600_000, 168 * 3_600_000].map(lasting)
    expect(expected).toEqual(['12 s', '4 min', '4 h', '7 days'])
  })

  it('have a date for a moment, and nothing for what is none', () => {
    expect(dateText(now)).toContain('2026')
    expect(dateText(NaN)).toBe('')
  })
})

describe('the line of counts', () => {
  const delivery = (to?: number) => ({
    time: '',
    sender: '',
    outcome: '',
    reason: '',
    ...(to === undefined ? {} : { to }),
  })
  it('goes in steps from the oldest to the newest, and passes over what has no count', () => {
    expect(sparkPath([delivery(4), delivery(), delivery(2)])).toBe('M0 15.0 H56.0 V3.0')
  })
  it('needs two counts', () => {
    expect(sparkPath([delivery(4), delivery()])).toBe('')
  })
})

describe('a message', () => {
  it.each([
    ['there is no Deployment/web in namespace shop', 'There is no Deployment/web in namespace shop.'],
    ['web-up was changed', 'web-up was changed.'],
    ['is it still running?', 'Is it still running?'],
    ['Done.', 'Done.'],
    [' ', ''],
  ])('%j is the sentence %j', (text, expected) => {
    expect(sentence(text)).toBe(expected)
  })

  it('is not joined to the next without a full stop', () => {
    expect(sentences('the target is missing', undefined, 'Create it')).toBe('The target is missing. Create it.')
  })

  it('has no answer to a question that nobody asked', () => {
    expect(adviceOn('AtBound')?.todo).toBe('If the hook should go further, raise `max` or lower `min`.')
    expect(adviceOn('Contended')?.todo).toBe('Send the post again, unless its sender retries.')
    expect(adviceOn('Stepped')).toEqual({ means: 'The count was changed.' })
    expect(adviceOn('NoSuchReason')).toBeUndefined()
  })

  it('of a dry run says what would be', () => {
    expect([outcomeOf('applied', true), outcomeOf('applied', false)]).toEqual(['Would apply', 'Applied'])
    expect(outcomeOf('unavailable', true)).toBe('Unavailable')
  })
})

describe('a rotation', () => {
  it('says that the old URL is over where it is, and how long it is accepted otherwise', () => {
    expect(rotatedText('web-up', '0s')).toBe('web-up gets a new URL; the old one no longer works.')
    expect(rotatedText('web-up', '1h')).toBe('web-up gets a new URL; the old one works for another 1h.')
  })

  it('of a hook whose URL is named leaves the URL as it is', () => {
    expect(rotatedText('by-name', undefined)).toBe('by-name keeps its URL; its older tokens no longer work.')
  })

  it('says that an overlap stays, only where it is another one', () => {
    expect(laterOverlapText('0s', '5m')).toBe(
      'The hook keeps 0s for later rotations and renewals, which then lose alerts. Once it has its new URL, edit it to restore 5m.',
    )
    expect(laterOverlapText('24h', '5m')).toContain('The hook keeps 24h for later rotations and renewals. Once')
    expect(laterOverlapText('5m', '5m')).toBeUndefined()
  })

  it('writes an overlap only where one is given', () => {
    expect(kubectlRotate('shop', 'web-up', 2, undefined)).toContain(`-p '{"spec":{"token":{"rotation":2}}}'`)
    expect(kubectlRotate('shop', 'web-up', 2, '0s')).toContain(`{"rotation":2,"overlap":"0s"}`)
  })
})

it('the end of a hook ends its URL for good, unless the URL is named', () => {
  expect([deletionText(false), deletedText('web-up', false)]).toEqual([
    'Its URL stops working for good: a hook with the same name gets another one.',
    'web-up was deleted: its URL answers 410 for good.',
  ])
  expect([deletionText(true), deletedText('by-name', true)]).toEqual([
    'Its URL stops working until a hook has this name again.',
    'by-name was deleted: its URL answers 401 until a hook has this name again.',
  ])
})
