import { expect, it } from 'vitest'
import { pageURL } from '../../../src/api/site.ts'
import { piecesOf } from '../../../dashboard/page/words/marked.ts'

const marksIn = (text: string): readonly unknown[] => piecesOf(text).filter(({ kind }) => kind !== 'text')

it('an address of the product is a link, without the full stop after it', () => {
  const address = pageURL('docs/reference/http.md#limits-of-objects')
  expect(marksIn(`Narrow \`selector\`: ${address}.`)).toEqual([
    { kind: 'code', text: 'selector' },
    { kind: 'link', text: address },
  ])
})

it('an address that a message quotes is no link', () => {
  expect(marksIn('it answered 500: see https://evil.example/receiverhooks.dev/ for more')).toEqual([])
})
