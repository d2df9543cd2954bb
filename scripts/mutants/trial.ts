import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { dearest } from '../../test/support/order.ts'
import { distancesTo } from './graph.ts'
import { mutated, type Mutant } from './places.ts'
import type { Programs } from './programs.ts'

/** Who noticed a mistake. What the type checker refuses is no mistake that could be made, and does not count. */
export type Verdict =
  | { readonly by: 'types' | 'nobody' }
  | { readonly by: 'tests' | 'simulation' | 'time'; readonly what: string }

export interface Tree {
  readonly folder: string
  readonly programs: Programs
  readonly importers: ReadonlyMap<string, readonly string[]>
  /** The test files of the projects `unit` and `in-memory`. */
  readonly tests: readonly string[]
  readonly workers: number
  readonly histories: number
  /** How many of the tests that import a file are run, the nearest ones. */
  readonly nearest: number
}

const minute = 60_000

/** The tests nearest to the file are run first, then the simulation, then all the others that import the file. */
const first = 5
const next = 40

/**
 * Tests with the name of the file or of its folder are nearest, then those of its room, however many imports are between. Then
 * come those of rooms that handle posts. Those that take longest are last.
 */
const otherName = 100
const otherRoom = 200
const otherPurpose = 300
const dear = 1000
const handlesPosts = /^test\/(?:acts|api|controller|drivers|leases|record|steps|token|trigger)\//

/** Makes one mistake in the copy, asks everybody in turn until one notices it, and puts the file back. */
export const tried = async (tree: Tree, mutant: Mutant): Promise<Verdict> => {
  const path = join(tree.folder, mutant.file)
  const text = readFileSync(path, 'utf8')
  const change = mutated(text, mutant)
  const clean = async <T>(does: () => Promise<T>): Promise<T> => {
    writeFileSync(path, text)
    try {
      return await does()
    } finally {
      writeFileSync(path, change)
    }
  }
  writeFileSync(path, change)
  try {
    return await asked(tree, mutant.file, clean)
  } finally {
    writeFileSync(path, text)
  }
}

type Clean = <T>(does: () => Promise<T>) => Promise<T>

const asked = async (tree: Tree, file: string, clean: Clean): Promise<Verdict> => {
  if (!(await typesAllow(tree))) return { by: 'types' }
  const distances = distancesTo(file, tree.importers)
  const [, room = ''] = file.split('/')
  const names = [basename(file, '.ts'), basename(dirname(file))].filter(name => name !== room)
  const roomAway = (test: string): number => {
    if (dearest.includes(test)) return dear
    if (names.some(name => test.includes(`/${name}`))) return 0
    if (test.startsWith(`test/${room}/`)) return otherName
    return handlesPosts.test(test) ? otherRoom : otherPurpose
  }
  const away = (test: string): number => (distances.get(test) ?? 0) + roomAway(test)
  const related = tree.tests
    .filter(test => distances.has(test))
    .sort((one, other) => away(one) - away(other))
    .slice(0, tree.nearest)
  const soon = await testsNotice(tree, related.slice(0, first), clean)
  if (soon) return soon
  if (distances.has('test/simulation/worker.ts')) {
    const seen = await simulationNotices(tree)
    if (seen) return seen
  }
  for (const files of [related.slice(first, first + next), related.slice(first + next)]) {
    const late = await testsNotice(tree, files, clean)
    if (late) return late
  }
  return { by: 'nobody' }
}

const typesAllow = async ({ programs }: Tree): Promise<boolean> => {
  const checker = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.src.json']
  const { isGood } = await programs.node([...checker, '--incremental', '--tsBuildInfoFile', '.types'], 5 * minute)
  return isGood
}

const simulationNotices = async ({ histories, programs }: Tree): Promise<Verdict | undefined> => {
  const args = ['--histories', String(histories), '--from', '1', '--workers', '1']
  const { isGood, output, ranOut } = await programs.node(['test/simulation/run.ts', ...args], 3 * minute)
  if (ranOut) return { by: 'time', what: 'the simulation' }
  if (isGood) return undefined
  const lines = output.split('\n')
  const at = lines.findIndex(line => line.includes('breaks what is promised'))
  return { by: 'simulation', what: (lines[at + 1] ?? lines.findLast(line => line !== '') ?? '').trim() }
}

/** Fails without any mistake, in the copy. It can notice nothing. */
const broken = new Set<string>()
const sound = new Set<string>()

const testsNotice = async (tree: Tree, files: readonly string[], clean: Clean): Promise<Verdict | undefined> => {
  const whole = files.filter(file => !broken.has(file))
  if (whole.length === 0) return undefined
  const { failed, isGood, ranOut } = await vitest(tree, whole)
  if (isGood) return undefined
  if (ranOut) return { by: 'time', what: `tests of ${whole[0]} and others` }
  const { file, name } = failed ?? { file: undefined, name: 'an error outside of all tests' }
  if (file === undefined || !sound.has(file)) {
    const suspects = file === undefined ? whole : [file]
    if (!(await clean(() => vitest(tree, suspects))).isGood) {
      console.log(`(${suspects.join(' ')}: fails in the copy without any mistake, and is left out)`)
      for (const suspect of suspects) broken.add(suspect)
      return testsNotice(tree, whole, clean)
    }
    for (const suspect of suspects) sound.add(suspect)
  }
  return { by: failed?.ranOut === true ? 'time' : 'tests', what: `${file ?? whole[0]}: ${name}` }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

const isReport = (value: unknown): value is Report =>
  typeof value === 'object' && value !== null && 'testResults' in value && Array.isArray(value.testResults)

interface Tested {
  readonly isGood: boolean
  readonly ranOut: boolean
  readonly failed: { readonly file: string; readonly name: string; readonly ranOut?: boolean } | undefined
}

const vitest = async (tree: Tree, files: readonly string[]): Promise<Tested> => {
  const report = join(tree.folder, '.report.json')
  rmSync(report, { force: true })
  const options = [
    ...['--project', 'unit', '--project', 'in-memory', '--bail', '1', '--maxWorkers', String(tree.workers)],
    ...['--testTimeout', String(minute), '--hookTimeout', String(minute)],
    ...['--passWithNoTests', '--reporter', 'json', '--outputFile', report],
  ]
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...options, ...files]
  const { isGood, ranOut } = await tree.programs.node(args, 8 * minute)
  return { isGood, ranOut, failed: isGood || !existsSync(report) ? undefined : failureIn(tree, report) }
}

const failureIn = (tree: Tree, report: string): Tested['failed'] => {
  const parsed: unknown = JSON.parse(readFileSync(report, 'utf8'))
  const failed = (isReport(parsed) ? parsed.testResults : []).filter(({ status }) => status === 'failed')
  const named = failed.flatMap(({ assertionResults, name }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ failureMessages, fullName }) => ({
        file: name,
        name: fullName,
        ranOut: failureMessages?.some(message => message.includes('Test timed out')) === true,
      })),
  )
  // After the first failure, Vitest reports the files that it has not begun as failed, without a message.
  const unread = failed.find(({ message }) => message !== undefined && message !== '')
  const one = named[0] ?? (unread && { file: unread.name, name: 'the file cannot be run' })
  return one && { ...one, file: relative(tree.folder, one.file) }
}
