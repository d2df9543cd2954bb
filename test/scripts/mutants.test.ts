import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { distancesTo, importsIn } from '../../scripts/mutants/graph.ts'
import { harmless, whyHarmless } from '../../scripts/mutants/harmless.ts'
import { mutantsIn, mutated } from '../../scripts/mutants/places.ts'

const made = (text: string): readonly string[] =>
  mutantsIn('src/some.ts', text).map(mutant => `${mutant.kind}: ${mutated(text, mutant)}`)

it.each([
  { text: 'const x = a < b', makes: ['bound or comparison: const x = a <= b'] },
  { text: 'const x = a >= b', makes: ['bound or comparison: const x = a > b'] },
  { text: 'const x = (a) === b', makes: ['bound or comparison: const x = (a) !== b'] },
  { text: 'const x = a + b', makes: ['sum: const x = a - b'] },
  { text: 'const x = a && b', makes: ['and, or: const x = a || b'] },
  { text: 'const x = a ?? b', makes: ['default: const x = (b)'] },
  { text: 'const x = a ? b : c', makes: ['condition: const x = !(a) ? b : c'] },
  { text: 'const x = !a ? b : c', makes: ['condition: const x = a ? b : c'] },
  { text: 'const x = true', makes: ['literal: const x = false'] },
  { text: 'const x = 1', makes: ['literal: const x = 2'] },
  { text: 'const x = 4000', makes: ['literal: const x = 40000'] },
  { text: 'const x = Math.min(a, b)', makes: ['other method: const x = Math.max(a, b)'] },
  { text: 'const x = list.some(f)', makes: ['other method: const x = list.every(f)'] },
  { text: 'void f()', makes: ['call left out: ;', 'call left out: undefined'] },
  { text: 'await f()', makes: ['call left out: ;'] },
  { text: 'this.x = y', makes: ['call left out: ;'] },
  {
    text: 'for (const x of y) if (x) continue',
    makes: ['early return left out: for (const x of y) ;', 'condition: for (const x of y) if (!(x)) continue'],
  },
  {
    text: 'if (a === b) { x = y; throw z }',
    makes: [
      'early return left out: ;',
      'bound or comparison: if (a !== b) { x = y; throw z }',
      'call left out: if (a === b) { ; throw z }',
    ],
  },
])('in "$text", makes each mistake once', ({ makes, text }) => {
  expect(made(text).toSorted()).toEqual(makes.toSorted())
})

it.each([
  { what: 'a type', text: 'type X = 1 | true' },
  { what: 'what a log says', text: 'this.#log.warn({ hook }, message)' },
  { what: 'a directive', text: "'use strict'" },
  { what: 'a member that is called min, but not of Math', text: 'const f = (min: number) => limits.min' },
])('leaves $what alone', ({ text }) => {
  expect(made(text)).toEqual([])
})

it('says where the mistake is, on one line', () => {
  const [mutant] = mutantsIn('src/some.ts', 'const y = 7n\n  const x = a &&\n    b\n')
  expect(mutant).toMatchObject({ line: 2, source: 'const x = a &&', change: 'a && b → a || b' })
})

it('calls a mistake harmless only in its own file, line and change', () => {
  const [mutant, other] = mutantsIn('src/some.ts', 'const x = a < b\nconst y = a < b')
  if (!mutant || !other) throw new Error('there are two')
  const rows = [{ file: 'src/some.ts', source: 'const x = a < b', change: 'a < b → a <= b', why: 'they never meet' }]
  expect(whyHarmless(mutant, rows)).toBe('they never meet')
  expect(whyHarmless(other, rows)).toBeUndefined()
})

it.each(harmless)('the harmless mistake $change in $file can still be made', ({ change, file, source }) => {
  const found = mutantsIn(file, readFileSync(file, 'utf8'))
  expect(found.filter(mutant => mutant.source === source).map(mutant => mutant.change)).toContain(change)
})

it('counts the imports on the shortest way from a test to a file, without those of types', () => {
  const text = "import type { A } from './a.ts'\nimport { b, type C } from '../b.ts'\nconst d = await import('./d.ts')"
  expect(importsIn('test/x/y.test.ts', text)).toEqual(['test/b.ts', 'test/x/d.ts'])
  const importers = new Map([
    ['src/a.ts', ['src/b.ts', 'src/c.ts']],
    ['src/b.ts', ['test/b.test.ts']],
    ['src/c.ts', ['src/b.ts', 'src/a.ts']],
  ])
  expect([...distancesTo('src/a.ts', importers)]).toEqual([
    ['src/a.ts', 0],
    ['src/b.ts', 1],
    ['src/c.ts', 1],
    ['test/b.test.ts', 2],
  ])
})
