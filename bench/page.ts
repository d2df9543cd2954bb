import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { plotsOf } from './plot.ts'
import type { Results } from './result.ts'
import { tablesOf } from './table.ts'

/** The page that shows a run, and where its plots are, next to it. */
const pagePath = 'docs/develop/performance.md'
const plotFolder = 'performance'

/** Puts a run's tables and plots into the page, between the marks that are in it. */
export const writePage = (results: Results): void => {
  const plots = plotsOf(results)
  const folder = join(dirname(pagePath), plotFolder)
  mkdirSync(folder, { recursive: true })
  for (const { file, svg } of plots) writeFileSync(join(folder, file), svg)
  const shown = [
    conditionsInWords(results),
    tablesOf(results),
    ...plots.map(({ alt, file }) => `![${alt}](${plotFolder}/${file})`),
  ].join('\n\n')
  const page = readFileSync(pagePath, 'utf8')
  writeFileSync(pagePath, between(page, shown))
}

const between = (page: string, shown: string): string =>
  page.replace(
    /(<!-- bench:begin -->\n)[^]*(<!-- bench:end -->)/,
    (_whole, begin: string, end: string) => `${begin}\n${shown}\n\n${end}`,
  )

/** Returns what the figures of a run depend on. */
export const conditionsInWords = ({ about }: Pick<Results, 'about'>): string => {
  const { date, memoryGB, node, processor, processors, quick, rounds, server } = about
  const small = quick ? ' Small sizes, to see whether it runs: the figures say nothing.' : ''
  return `${date}: ${processors} processors (${processor}), ${memoryGB} GB, shared by everything below; Node ${node}; ${server}. Medians of ${rounds} rounds, with the least and the most.${small}`
}
