/**
 * Lets a stranger check what the project says of itself. It runs fresh histories, posts on a real API server that is killed, and
 * the programs that people would use instead. It shows how far it is, and prints a page of figures.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { aboutOf } from '../bench/result.ts'

const usage = `npm run prove [-- --quick]

Takes ten minutes on two idle processors, once "npm run cluster:binaries" has its binaries. It prints a page
of figures in Markdown, and fails if one check has failed. With --quick it takes two minutes, and only shows
whether everything runs here.
`

interface Done {
  readonly isGood: boolean
  readonly printed: string
}

/** Runs a program of this repository, with what it prints on standard error as progress. Keeps its standard output. */
const run = async (title: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Done> => {
  console.error(`== ${title}`)
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (status !== 0) console.error(printed)
  return { isGood: status === 0, printed: printed.trim() }
}

const hasWebhook = (): boolean => {
  try {
    return execFileSync('sh', ['-c', 'command -v webhook'], { stdio: 'pipe' }).length > 0
  } catch {
    return false
  }
}

/** Without Debian's webhook, the scripts that it runs are left out. */
const withoutWebhook = ['receiver-hooks', 'client', 'client-checked'].flatMap(name => ['--only', name])

/** Returns the figures as a list, without those that only help to find a fault. */
const figuresIn = (report: string): string =>
  report
    .trimEnd()
    .replace(/^.*triggers' metrics.*\n/m, '')
    .replaceAll(/^ {2}/gm, '- ')

const vitest = ['node_modules/vitest/vitest.mjs', 'run']

const prove = async (quick: boolean): Promise<boolean> => {
  const began = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'prove-'))
  const report = join(folder, 'exact')
  const binaries = ['scripts/cluster/binaries.ts']
  await run('Binaries of Kubernetes', binaries)
  await run('Porcupine', [...binaries, 'porcupine'])
  const histories = await run('Histories with fresh seeds', [
    ...['test/simulation/run.ts', '--workers', '2', '--seconds', quick ? '20' : '180'],
  ])
  const exact = await run(
    'Posts on a real API server, while processes are killed',
    [...vitest, '--disable-console-intercept', '--project', 'cluster', 'test/cluster/exact.test.ts'],
    { EXACT: quick ? 'short' : 'prove', EXACT_REPORT: report },
  )
  const comparison = await run('The programs that people would use instead', [
    ...['bench/beside/run.ts', '--rounds', '1', ...(hasWebhook() ? [] : withoutWebhook), ...(quick ? ['--quick'] : [])],
  ])
  const about = aboutOf({ inMemory: false, quick, rounds: 1 })
  const isGood = histories.isGood && exact.isGood && comparison.isGood
  const minutes = Math.round((performance.now() - began) / 60_000)
  console.log(`
# Receiver Hooks, at ${execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()}: ${isGood ? 'every check passed' : 'A CHECK FAILED'}

${about.date}, in ${minutes} minutes. ${about.processors} processors (${about.processor}), ${about.memoryGiB} GiB, Node ${about.node}, ${about.server}.

## Histories of the whole product, with failures of all kinds

${histories.printed}

## Posts on a real API server, while it and the triggers are killed

${existsSync(report) ? figuresIn(readFileSync(report, 'utf8')) : 'There are no figures.'}

## The same posts to the product and to programs that people would use instead

Bold is wrong: a step too few or too many.

${comparison.printed}
`)
  rmSync(folder, { recursive: true })
  return isGood
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
})
if (values.help) console.log(usage)
else process.exitCode = (await prove(values.quick)) ? 0 : 1
