import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** One row of the page: the commit that mended a fault, its day, and the seeds that show the fault. */
interface Row {
  readonly fix: string
  /** Another commit, which names the seeds. */
  readonly namedBy: string | undefined
  readonly date: string
  readonly seeds: readonly string[]
}

const page = readFileSync('contributing/faults-found.md', 'utf8')

const rows: readonly Row[] = [...page.matchAll(/^\| `([0-9a-f]{7})` \| (\S+) \|.*\| ([^|]+) \|$/gm)].map(
  ([, fix = '', date = '', shown = '']) => ({
    fix,
    date,
    namedBy: /named by `([0-9a-f]{7})`/.exec(shown)?.[1],
    seeds: [...shown.matchAll(/`(\d{5,})`/g)].map(([, seed = '']) => seed),
  }),
)

const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' })

it('there are rows to check, each with a seed', () => {
  expect(rows.length).toBeGreaterThan(10)
  expect(rows.filter(({ seeds }) => seeds.length === 0)).toEqual([])
})

it.each(rows)(
  '$fix is of the day that its row names, and its message has the seeds',
  ({ date, fix, namedBy = fix, seeds }) => {
    expect(git('log', '-1', '--format=%as', fix).trim()).toBe(date)
    const message = git('log', '-1', '--format=%B', namedBy)
    expect(seeds.filter(seed => !new RegExp(`\\b${seed}\\b`).test(message))).toEqual([])
  },
)

it('the commands of the page are of one of its rows', () => {
  const [, fix, seed] = /worktree add \S+ (\w+)~1[^]*--seed (\d+)/.exec(page) ?? []
  expect(rows.filter(row => row.fix === fix && row.seeds.includes(String(seed)))).toHaveLength(1)
})

it('the commits that have no seed in their messages are there', () => {
  const [, last = ''] = page.split('Some faults have no seed')
  const commits = [...last.matchAll(/`([0-9a-f]{7})`/g)].map(([, commit = '']) => commit)
  expect(commits).toHaveLength(3)
  for (const commit of commits) expect(git('log', '-1', '--format=%B', commit)).toMatch(/simulation found/)
})
