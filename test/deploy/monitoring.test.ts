import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { stringAt } from '../../src/api/json.ts'
import { pageURL } from '../../src/api/site.ts'
import { alerts, runbooks } from '../../scripts/deploy/alerts.ts'
import { blocksIn, listAt, textOf } from './manifests.ts'

const alertsSection = textOf(`${runbooks}#what-to-do-about-an-alert`)

it.each(alerts)('the page of alerts says what to do about $name', ({ name }) => {
  expect(alertsSection).toContain(`\n### ${name}\n`)
})

it('the page of alerts has no other headings', () => {
  const headings = [...alertsSection.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(alerts.map(({ name }) => name))
})

it.each(['deploy/monitoring/alerts.yaml', 'deploy/helm/receiver-hooks/files/alerts.yaml'])(
  'the alerts of %s lead to the page of the site, by addresses that a notification can open',
  path => {
    const rules = listAt(parse(readFileSync(path, 'utf8')), 'groups').flatMap(group => listAt(group, 'rules'))
    const urls = rules.map(rule => new URL(stringAt(rule, 'annotations', 'runbook_url') ?? ''))
    expect(urls.map(({ hash }) => hash)).toEqual(alerts.map(({ name }) => `#${name.toLowerCase()}`))
    expect(new Set(urls.map(({ origin, pathname }) => origin + pathname))).toEqual(new Set([pageURL(runbooks)]))
  },
)

it('the page of alerts asks every pod of a role for its log, and no pod through the API server', () => {
  const commands = blocksIn(runbooks, 'sh').join('')
  // kubectl would choose one pod: often the controller that does not lead.
  expect(commands).not.toContain('logs deployment/')
  // It shows nothing of an answer 503, and network policies keep it out.
  expect(commands).not.toContain('/proxy/')
})
