import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { unpack } from '../../scripts/revision.ts'

const usage = `node test/simulation/fingerprints.ts [REVISION] [--histories N] [--from SEED]

Runs the histories of 250 seeds with the code as it is here and with that of REVISION (HEAD by default), and
compares their fingerprints: a change of structure keeps them. Names the seeds that differ, and where the first one does.`

const run = promisify(execFile)
const here = resolve(import.meta.dirname, '../..')
const printer = 'test/simulation/print-fingerprints.ts'

/** Traces are long. */
const maxBuffer = 512 * 1024 * 1024

const fingerprintsIn = async (tree: string, first: number, count: number): Promise<readonly string[]> => {
  const { stdout } = await run(process.execPath, [printer, String(first), String(count)], { cwd: tree, maxBuffer })
  return stdout.trim().split('\n')
}

const traceIn = async (tree: string, seed: string): Promise<readonly string[]> => {
  // A history that breaks a promise ends with another status, and has a trace all the same.
  const traced = await run(process.execPath, ['test/simulation/run.ts', '--seed', seed, '--trace'], {
    cwd: tree,
    maxBuffer,
  }).catch((error: unknown) => error)
  return typeof traced === 'object' && traced && 'stdout' in traced ? String(traced.stdout).split('\n') : []
}

const compare = async (revision: string, first: number, count: number): Promise<boolean> => {
  const folder = mkdtempSync(join(tmpdir(), 'fingerprints-'))
  try {
    unpack(revision, folder)
    copyFileSync(join(here, printer), join(folder, printer))
    const [before, now] = await Promise.all([fingerprintsIn(folder, first, count), fingerprintsIn(here, first, count)])
    const seeds = now.flatMap((line, index) => (line === before[index] ? [] : [line.split(' ')[0] ?? '']))
    console.log(`${now.length - seeds.length} of ${count} fingerprints are those of ${revision}`)
    const [seed] = seeds
    if (seed === undefined) return now.length === count
    console.log(`these seeds differ: ${seeds.join(' ')}`)
    const [former, present] = await Promise.all([traceIn(folder, seed), traceIn(here, seed)])
    const line = present.findIndex((text, index) => text !== former[index])
    console.log(`seed ${seed} differs from line ${line + 1} of its trace on:`)
    console.log(`  then: ${former[line] ?? '(the end)'}\n  now:  ${present[line] ?? '(the end)'}`)
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    histories: { type: 'string', default: '250' },
    from: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) console.log(usage)
else {
  const isEqual = await compare(positionals[0] ?? 'HEAD', Number(values.from), Number(values.histories))
  process.exitCode = isEqual ? 0 : 1
}
