import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { at, isObject } from '../../src/api/json.ts'

const page = 'contributing/supply-chain.md'
const text = readFileSync(page, 'utf8')

/** Returns the rows of the table below a heading: the first cell, and how that point is met. */
const rowsBelow = (heading: string): readonly (readonly [point: string, how: string])[] => {
  const [, section = ''] = text.split(`## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].slice(1).map(([, point = '', how = '']) => [point, how])
}

/** The checks of OpenSSF Scorecard 5. */
const checks = [
  ...['Binary-Artifacts', 'Branch-Protection', 'CI-Tests', 'CII-Best-Practices', 'Code-Review', 'Contributors'],
  ...['Dangerous-Workflow', 'Dependency-Update-Tool', 'Fuzzing', 'License', 'Maintained', 'Packaging'],
  ...['Pinned-Dependencies', 'SAST', 'SBOM', 'Security-Policy', 'Signed-Releases', 'Token-Permissions'],
  ...['Vulnerabilities', 'Webhooks'],
]

/** The requirements of the OSPS Baseline 2026-02-19, all three levels. */
const controls = Object.entries({
  AC: ['01.01', '02.01', '03.01', '03.02', '04.01', '04.02'],
  BR: ['01.01', '01.03', '01.04', '02.01', '02.02', '03.01', '03.02', '04.01', '05.01', '06.01', '07.01', '07.02'],
  DO: ['01.01', '02.01', '03.01', '03.02', '04.01', '05.01', '06.01', '07.01'],
  GV: ['01.01', '01.02', '02.01', '03.01', '03.02', '04.01'],
  LE: ['01.01', '02.01', '02.02', '03.01', '03.02'],
  QA: [
    '01.01',
    '01.02',
    '02.01',
    '02.02',
    '03.01',
    '04.01',
    '04.02',
    '05.01',
    '05.02',
    '06.01',
    '06.02',
    '06.03',
    '07.01',
  ],
  SA: ['01.01', '02.01', '03.01', '03.02'],
  VM: ['01.01', '02.01', '03.01', '04.01', '04.02', '05.01', '05.02', '05.03', '06.01', '06.02'],
}).flatMap(([family, numbers]) => numbers.map(number => `OSPS-${family}-${number}`))

it('each check of Scorecard and each control of the OSPS Baseline has one row', () => {
  expect(rowsBelow('OpenSSF Scorecard').map(([check]) => check)).toEqual(checks)
  expect(rowsBelow('OSPS Baseline').map(([control]) => control)).toEqual(controls)
})

it('each file that the page names is there', () => {
  const named = [...text.matchAll(/`([\w./-]+\/[\w./-]+|[A-Z_]+\.md|[\w-]+\.(?:json|yml))`/g)].map(
    ([, path = '']) => path,
  )
  const made = /^actions\/|VERSION|^(?:dist|NOTICES|CHANGES|code-scanning|release|scorecard)/
  expect(named.length).toBeGreaterThan(40)
  expect(named.filter(path => !made.test(path) && !existsSync(path))).toEqual([])
})

describe('security-insights.yml', () => {
  const insights: unknown = parse(readFileSync('.github/security-insights.yml', 'utf8'))

  it('is of version 2, and has what its specification requires', () => {
    expect(at(insights, 'header', 'schema-version')).toBe('2.1.0')
    const required = [
      ['project', 'administrators'],
      ['project', 'repositories'],
      ['project', 'vulnerability-reporting', 'reports-accepted'],
      ['repository', 'core-team'],
      ['repository', 'license', 'expression'],
      ['repository', 'security', 'assessments', 'self', 'comment'],
      ['repository', 'release', 'distribution-points'],
    ]
    expect(required.filter(path => at(insights, ...path) === undefined)).toEqual([])
  })

  it('leads to pages that are there', () => {
    const paths = [...stringify(insights).matchAll(/\/blob\/main\/(\S+)/g)].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThan(10)
    expect(paths.filter(path => !existsSync(path))).toEqual([])
  })

  it('names roles, and no people', () => {
    const team = at(insights, 'repository', 'core-team')
    const contacts: readonly unknown[] = Array.isArray(team) ? team : []
    expect(contacts.map(contact => (isObject(contact) ? Object.keys(contact) : []))).toEqual([['name', 'primary']])
  })
})
