import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { reasons } from '../../src/api/reasons.ts'
import { reasonsPage } from '../../scripts/reference/reasons.ts'
import { whyPage } from '../../scripts/reference/why.ts'

const source = globSync('src/{acts,api,controller,drivers,record,steps,trigger}/**/*.ts')
  .filter(file => !file.startsWith('src/api/reasons'))
  .map(file => readFileSync(file, 'utf8'))
  .join('\n')

describe('the table of reasons', () => {
  it.each(Object.keys(reasons))('%s is given by something', reason => {
    expect(source).toContain(`'${reason}'`)
  })

  it.each(Object.entries(reasons))('%s says what it means and what to do, in sentences', (_reason, { means, todo }) => {
    expect(means).toMatch(/^[A-Z].*\.$/)
    expect(todo).toMatch(/^[A-Z].*\.$/)
  })

  it('knows every reason that an answer, a condition or an Event can give', () => {
    const given = [...source.matchAll(/reason: '([A-Z]\w+)'/g)].map(([, reason = '']) => reason)
    expect(given.length).toBeGreaterThan(20)
    expect(given.filter(reason => !(reason in reasons) && !reason.startsWith('FieldValue'))).toEqual([])
  })
})

describe('the page on hooks that did not fire', () => {
  it.each(Object.entries(reasons).filter(([, { where }]) => !isGood(where)))(
    'leads from %s to what to do',
    (reason, { todo }) => {
      const [, link = ''] = new RegExp(`\\[\`${reason}\`\\]\\(([^)]+)\\)`).exec(whyPage()) ?? []
      expect(link).toBe(`../reference/reasons.md#${reason.toLowerCase()}`)
      const [section = ''] = (reasonsPage().split(`\n## ${reason}\n`)[1] ?? '').split('\n## ')
      expect(section).toContain(`**To do**: ${todo}`)
    },
  )
})

it('the page on hooks that are not Ready does not speak of those that are', () => {
  expect(whyPage().split('## The hook is not Ready')[1]).not.toMatch(/`(Valid|Suspended)`/)
})

const isGood = (where: readonly string[]): boolean =>
  where.every(place => ['applied', 'event', 'ready'].includes(place))
