/**
 * Measures what the program costs, compared with the API server itself: each row has a baseline of its own, in turns, in
 * the same run. contributing/performance.md says what the rows are and shows a run of the whole.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { agreementOf, readResults } from './agreement.ts'
import { makeBundles } from './bundles.ts'
import { parseOptions, usage, type BenchOptions } from './options.ts'
import { conditionsInWords, writePage } from './page.ts'
import { aboutOf, type Results } from './result.ts'
import { rows } from './rows/all.ts'
import { runRow } from './run-row.ts'
import { tablesOf } from './table.ts'

const run = async (options: BenchOptions): Promise<Results> => {
  const began = performance.now()
  const say = (line: string): void => console.error(`${clock(performance.now() - began)}  ${line}`)
  say('bundling')
  const bundles = makeBundles()
  try {
    const wanted = rows.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
    // Rows disturb one another, which makes no difference where nothing is measured.
    const results = await inTurn(wanted, options.quick ? 2 : 1, row => runRow(row, bundles, options, say))
    return { about: aboutOf(options), rows: results }
  } finally {
    bundles.remove()
  }
}

/** Does the work for each, this many at a time. The results stand in the order of the items. */
const inTurn = async <T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: [number, R][] = []
  const left = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results.push([index, await work(item)])
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results.sort(([a], [b]) => a - b).map(([, result]) => result)
}

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

const write = (file: string, results: Results): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`)
}

const options = parseOptions(
  process.argv.slice(2),
  rows.map(({ name }) => name),
)
if (options.help) {
  process.stdout.write(usage)
} else if (options.list) {
  for (const { name, title } of rows) console.log(`${name.padEnd(16)}  ${title}`)
} else {
  const results = await run(options)
  console.log(`${conditionsInWords(results)}\n\n${tablesOf(results)}`)
  write(options.output ?? 'bench/results/latest.json', results)
  if (options.page) {
    write('bench/results/page.json', results)
    writePage(results)
  }
  if (options.against !== undefined) console.log(agreementOf(results, readResults(options.against)).join('\n'))
  // A row that was not met is a finding, one that could not be run is a fault.
  process.exit(results.rows.some(({ kind }) => kind === 'failed') ? 1 : 0)
}
