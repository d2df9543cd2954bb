import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { plotsOf, type Plot } from './plot.ts'
import type { Results } from './result.ts'
import { tablesOf } from './table.ts'

/** The page that shows a run, and where its plots are, next to it. */
const pagePath = 'contributing/performance.md'
const plotFolder = 'performance'

/** Writes a picture next to the page. Returns what shows it there. */
export const writePicture = ({ alt, file, svg }: Plot): string => {
  const folder = join(dirname(pagePath), plotFolder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), svg)
  return `![${alt}](${plotFolder}/${file})`
}

/** Puts a run's tables and plots into the page, between the marks that are in it. */
export const writePage = (results: Results): void => {
  const pictures = plotsOf(results).map(writePicture)
  const shown = [conditionsInWords(results), tablesOf(results), ...pictures].join('\n\n')
  replaceIn('bench', shown)
}

/** Replaces what the page has between two marks of a name. Throws an Error if it has no such marks. */
export const replaceIn = (name: string, shown: string): void => {
  const page = readFileSync(pagePath, 'utf8')
  const marked = new RegExp(`(<!-- ${name}:begin -->\\n)[^]*(<!-- ${name}:end -->)`)
  if (!marked.test(page)) throw new Error(`${pagePath} has no marks ${name}:begin and ${name}:end`)
  writeFileSync(
    pagePath,
    page.replace(marked, (_whole, begin: string, end: string) => `${begin}\n${shown}\n\n${end}`),
  )
}

/** Returns what the figures of a run depend on. */
export const conditionsInWords = ({ about }: Pick<Results, 'about'>): string => {
  const { date, memoryGiB, node, processor, processors, quick, rounds, server } = about
  const small = quick ? ' Small sizes, to see whether it runs: the figures say nothing.' : ''
  return `${date}: ${processors} processors (${processor}), ${memoryGiB} GiB, shared by everything below; Node ${node}; ${server}. Medians of ${rounds} rounds, with the least and the most.${small}`
}
