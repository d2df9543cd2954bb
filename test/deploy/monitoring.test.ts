import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { alerts, runbooks } from '../../scripts/deploy/alerts.ts'

it.each(alerts)('the page of alerts says what to do about $name', ({ name }) => {
  expect(readFileSync(runbooks, 'utf8')).toContain(`\n## ${name}\n`)
})

it('the page of alerts has no other headings', () => {
  const headings = [...readFileSync(runbooks, 'utf8').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(alerts.map(({ name }) => name))
})
