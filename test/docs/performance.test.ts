import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readResults } from '../../bench/agreement.ts'
import { conditionsInWords } from '../../bench/page.ts'
import { tablesOf } from '../../bench/table.ts'

const measured = readFileSync('contributing/performance.md', 'utf8')

/** Returns what stands in the tables of a page, without the heads. */
const cellsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^\|(?! ---|---)(.*)\|$/gm)].flatMap(([, row = '']) => row.split('|').slice(1))

it('the page of figures for adopters has no figure that the measurements do not have', () => {
  const cells = cellsOf(readFileSync('docs/performance.md', 'utf8').split('\n## ')[0] ?? '')
  const figures = cells
    .flatMap(cell => cell.match(/[\d.,]+(?: (?:ms|MiB|x)|\/s)/g) ?? [])
    .filter(figure => figure !== '320 MiB')
  expect(figures.length).toBeGreaterThan(10)
  expect(figures.filter(figure => !measured.includes(`| ${figure}`))).toEqual([])
})

it('the page of measurements gives a reason for each reach that a run shows', () => {
  const [, reaches = ''] = /## What a reach is\n([^]*?)\n## /.exec(measured) ?? []
  const reasons = reaches.split('\n').filter(line => line.startsWith('| '))
  const [, run = ''] = /<!-- bench:begin -->([^]*?)<!-- bench:end -->/.exec(measured) ?? []
  const shown = new Set([...run.matchAll(/at (?:most|least) ([\d.]+)(?: x| MiB)/g)].map(([, bound = '']) => bound))
  expect(shown.size).toBeGreaterThan(5)
  expect([...shown].filter(bound => !reasons.some(line => line.includes(`${bound} `)))).toEqual([])
})

it('the page of measurements shows the run whose figures are kept, as the bench has written it', () => {
  const results = readResults('bench/results/page.json')
  expect(measured).toContain(conditionsInWords(results))
  expect(measured).toContain(tablesOf(results))
})
