import { expect, test } from 'vitest'
import { sharedNames, sourceFiles } from '../scripts/count/source.ts'

/** Names that files of several folders still export for two things. Rename yours, and take it off the list. */
const shared: readonly string[] = [
  'Access',
  'Act',
  'Answer',
  'Bar',
  'Body',
  'Change',
  'Checked',
  'Condition',
  'Field',
  'Folded',
  'Judgement',
  'Limits',
  'List',
  'Option',
  'Outcome',
  'Page',
  'Place',
  'Refusal',
  'Refused',
  'Row',
  'Served',
  'Sink',
  'Stored',
  'StreamWorld',
  'Target',
  'TooLarge',
  'Verdict',
  'Written',
  'ask',
  'create',
  'cronJob',
  'drivers',
  'follow',
  'headWithinMs',
  'plain',
  'remove',
  'requestWithinMs',
  'rotate',
  'rowOf',
  'send',
  'shellWord',
  'specOf',
  'version',
  'windowOf',
  'withDefaults',
]

test('a name that is exported means one thing', () => {
  const found = [...sharedNames(sourceFiles('src/**/*.{ts,tsx}'))].filter(([name]) => !shared.includes(name))
  expect(Object.fromEntries(found)).toEqual({})
})
