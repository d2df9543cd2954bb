import { readFileSync, writeFileSync } from 'node:fs'
import { conditionsInWords } from '../page.ts'
import { contenderTable, shortTable, type ComparisonResults } from './results.ts'

/** The page that shows a run, and where README shows some of it. */
const pagePath = 'docs/performance.md'

/** Puts the figures of a run between the marks that are in the page and in README. */
export const writePage = (results: ComparisonResults): void => {
  insert(pagePath, `${conditionsInWords(results)}\n\n${contenderTable(results)}`)
  insert('README.md', shortTable(results))
}

const insert = (path: string, shown: string): void => {
  const page = readFileSync(path, 'utf8')
  const marked = /(<!-- beside:begin -->\n)[^]*(<!-- beside:end -->)/
  writeFileSync(
    path,
    page.replace(marked, (_whole, begin: string, end: string) => `${begin}\n${shown}\n\n${end}`),
  )
}
