import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../../../src/api/json.ts'

const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  isObject(value) ? Object.entries(value) : []

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** What only a job that publishes may do. */
const publishing = new Set(['packages', 'id-token', 'attestations', 'contents'])

/** The jobs that may write something without publishing: they report what they found. */
const reporting = new Set(['security-events', 'id-token'])

/** What the job that publishes the site may do. */
const showing = new Set(['pages', 'id-token'])

const allowedIn: ReadonlyMap<unknown, ReadonlySet<string>> = new Map([
  ['release', publishing],
  ['github-pages', showing],
])

/** Returns what is unsafe in a workflow of GitHub. */
const problemsOf = (text: string): readonly string[] => {
  const workflow: unknown = parse(text)
  const permissions = at(workflow, 'permissions')
  return [
    ...(entriesOf(permissions).length > 0 && entriesOf(permissions).every(([, access]) => access === 'read')
      ? []
      : ['its permissions are not read-only']),
    ...(entriesOf(at(workflow, 'on')).some(([event]) =>
      /^(pull_request_target|workflow_run|issue_comment)$/.test(event),
    )
      ? ['it runs with a secret on what strangers send']
      : []),
    ...(at(workflow, 'concurrency') === undefined ? ['two runs are not kept apart'] : []),
    ...[...text.matchAll(/^.*\buses:\s*(\S+)(.*)$/gm)].flatMap(([, action = '', comment = '']) =>
      action.startsWith('./') || (/@[0-9a-f]{40}$/.test(action) && /^ # v\d+\.\d+\.\d+$/.test(comment))
        ? []
        : [`${action} is not pinned by a commit and its version`],
    ),
    ...entriesOf(at(workflow, 'jobs')).flatMap(([name, job]) => jobProblems(name, job)),
  ]
}

const jobProblems = (name: string, job: unknown): readonly string[] => {
  const writes = entriesOf(at(job, 'permissions')).filter(([, access]) => access !== 'read')
  const isProtected = at(job, 'environment') === 'release' && JSON.stringify(job).includes('dist/release')
  const allowed = allowedIn.get(at(job, 'environment')) ?? reporting
  return [
    ...writes.flatMap(([what]) => (allowed.has(what) ? [] : [`${name} may write ${what}`])),
    ...(isProtected && stringAt(job, 'if') !== "github.ref_type == 'tag'" ? [`${name} publishes without a tag`] : []),
    ...(at(job, 'timeout-minutes') === undefined && at(job, 'uses') === undefined ? [`${name} may run for hours`] : []),
    ...listOf(at(job, 'steps')).flatMap(step => [
      // What an expression gives becomes part of the program that the shell reads.
      ...(stringAt(step, 'run')?.includes('${{') === true ? [`${name} runs an expression`] : []),
      ...(stringAt(step, 'uses')?.startsWith('actions/checkout@') === true &&
      at(step, 'with', 'persist-credentials') !== false
        ? [`${name} leaves its token in the work tree`]
        : []),
    ]),
  ]
}

const workflows = globSync('.github/workflows/*.yml').toSorted()

it('there are workflows for CI, code scanning, the scorecard, the site and releases', () => {
  expect(workflows.map(path => path.replace('.github/workflows/', ''))).toEqual([
    'ci.yml',
    'code-scanning.yml',
    'release.yml',
    'scorecard.yml',
    'site.yml',
  ])
})

it.each(workflows)('%s is safe', path => {
  expect(problemsOf(readFileSync(path, 'utf8'))).toEqual([])
})

describe('the check itself refuses', () => {
  const release = readFileSync('.github/workflows/release.yml', 'utf8')
  it.each([
    ['a tag instead of a commit', /@[0-9a-f]{40} # (v[\d.]+)/, '@$1', 'is not pinned'],
    ['a commit without its version', / # v[\d.]+$/m, '', 'is not pinned'],
    ['a commit that is cut short', /@[0-9a-f]{4}/, '@', 'is not pinned'],
    ['permissions for all jobs', 'permissions: { contents: read }', 'permissions: write-all', 'not read-only'],
    ['code of strangers with secrets', 'workflow_dispatch:', 'pull_request_target:', 'strangers'],
    [
      'an expression in a program',
      'run: diff ',
      'run: diff ${{ github.event.head_commit.message }} ',
      'runs an expression',
    ],
    ['a job that writes beyond its environment', '    environment: release\n', '', 'may write packages'],
    ['a token in the work tree', 'persist-credentials: false', 'persist-credentials: true', 'leaves its token'],
    [
      'a publication without a tag',
      "    if: github.ref_type == 'tag'\n    needs: [test, compare]",
      '    needs: [test]',
      'without a tag',
    ],
  ])('%s', (_, now, bad, problem) => {
    expect(release).toMatch(now)
    expect(problemsOf(release.replace(now, bad)).join('; ')).toContain(problem)
  })
})

it('npm packages are published with provenance, and from nowhere but the workflows of releases', () => {
  const tracked = globSync('{.ci/*,.github/**/*,.gitlab-ci.yml,scripts/**/*,package.json}', { withFileTypes: true })
  const publishers = tracked
    .filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath}/${entry.name}`)
    .filter(path => /\bnpm publish(?! it)/.test(readFileSync(path, 'utf8')))
    .map(path => path.replace(`${process.cwd()}/`, '').replace('./', ''))
  expect(publishers.toSorted()).toEqual(['.github/workflows/release.yml', '.gitlab-ci.yml'])
  for (const path of publishers) {
    for (const [command] of readFileSync(path, 'utf8').matchAll(/npm publish.*/g))
      expect(command).toContain('--provenance')
  }
})

describe('the pipeline of GitLab', () => {
  const pipeline: unknown = parse(readFileSync('.gitlab-ci.yml', 'utf8'))
  const jobs = entriesOf(pipeline).filter(([, job]) => at(job, 'stage') !== undefined)

  it('runs in images that are pinned by their digest', () => {
    expect(stringAt(pipeline, 'default', 'image')).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/)
    expect(jobs.filter(([, job]) => at(job, 'image') !== undefined)).toEqual([])
  })

  it('signs and publishes for tags alone, in the protected environment', () => {
    const signing = jobs.filter(([, job]) => at(job, 'id_tokens') !== undefined)
    expect(signing.map(([name]) => name)).toEqual(['registry', 'npm'])
    for (const [, job] of signing) expect(job).toMatchObject({ extends: '.release', environment: 'release' })
    expect(at(pipeline, '.release', 'rules')).toEqual([{ if: '$CI_COMMIT_TAG =~ /^v/' }])
  })
})
