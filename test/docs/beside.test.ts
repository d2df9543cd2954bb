import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { contenderTable, resultOf, shortTable, type ComparisonResults } from '../../bench/beside/results.ts'
import { parseJson } from '../../src/api/json.ts'

const page = readFileSync('docs/performance.md', 'utf8')
const programFolder = 'bench/beside/programs'

describe('the page of the comparison with a script', () => {
  it.each(readdirSync(programFolder))('leads to %s', program => {
    expect(page).toContain(`](../${programFolder}/${program})`)
  })

  it('shows the figures of a run of full size, and README shows some of them', () => {
    const results = kept()
    expect(results.about.quick).toBe(false)
    expect(page).toContain(contenderTable(results))
    expect(readFileSync('README.md', 'utf8')).toContain(shortTable(results))
  })
})

it('steps that differ from what was asked for in any round are bold', () => {
  const trial = {
    p50: 1,
    p99: 2,
    burst: 1000,
    burstAnswered: 2,
    burstSteps: 2,
    killedSteps: 3,
    copiesSteps: 1,
    idle: 1,
    peak: 2,
  }
  const results = {
    ...kept(),
    sizes: { oneByOne: 1, burst: 2, killed: 3, copies: 1 },
    contenders: [
      resultOf('a', 'right', [trial, trial]),
      resultOf('b', 'once wrong', [trial, { ...trial, burstSteps: 1, copiesSteps: 2 }]),
    ],
  }
  expect(shortTable(results).split('\n').slice(2)).toEqual([
    '| right | 1 | 2 | 1 s |',
    '| once wrong | **1 to 2** | **1 to 2** | 1 s |',
  ])
})

const isResults = (value: unknown): value is ComparisonResults =>
  typeof value === 'object' && value !== null && 'contenders' in value

const kept = (): ComparisonResults => {
  const results = parseJson(readFileSync('bench/results/beside.json', 'utf8'))
  if (!isResults(results)) throw new Error('bench/results/beside.json has no results')
  return results
}
