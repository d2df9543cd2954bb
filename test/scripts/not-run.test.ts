import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseJson, stringAt } from '../../src/api/json.ts'
import { notRunText } from '../long/not-run.ts'
import { longParts } from '../long/parts.ts'

const script = stringAt(parseJson(readFileSync('package.json', 'utf8')), 'scripts', 'test') ?? ''
const projectsOfNpmTest = [...script.matchAll(/--project (\S+)/g)].map(([, name = '']) => name)

it('says after all of npm test which parts it has not run', () => {
  const said = notRunText(projectsOfNpmTest, { run: 3, all: 3 })
  expect(longParts.filter(({ name }) => !said.includes(`\n  ${name} `))).toEqual([])
})

it.each([
  { what: 'one file of npm test', projects: projectsOfNpmTest, run: 1 },
  { what: 'another project', projects: ['pages'], run: 3 },
])('says nothing of other tests after $what', ({ projects, run }) => {
  expect(notRunText(projects, { run, all: 3 })).toBe('')
})
