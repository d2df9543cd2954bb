import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { violations } from '../../src/api/guard.ts'
import { at } from '../../src/api/json.ts'
import { reasons } from '../../src/api/reasons.ts'
import { withDefaults } from '../../cli/spec/defaults.ts'
import { maxInputBytes, maxLabelBytes } from '../../src/drivers/run-job/input.ts'
import { runJob } from '../../src/drivers/run-job/run-job.ts'
import { runJobSchema, variableOfLabel } from '../../src/drivers/run-job/schema.ts'
import { hookSpecSchema } from '../../src/drivers/schemas.ts'
import { statusOfState } from '../../src/trigger/settled.ts'
import { blockWith } from '../deploy/manifests.ts'

const file = 'docs/how-to/run-a-job.md'
const page = readFileSync(file, 'utf8').replaceAll(/\s+/g, ' ')

it('the page and the example have one hook, which the schema takes, of the CronJob on the page', () => {
  const spec: unknown = at(parse(blockWith(file, 'yaml', 'kind: ReceiverHook')), 'spec')
  expect(at(parse(readFileSync('deploy/examples/run-job.yaml', 'utf8')), 'spec')).toEqual(spec)
  expect([...violations(hookSpecSchema, withDefaults(hookSpecSchema, spec), 'spec')]).toEqual([])
  const cronJob: unknown = parse(blockWith(file, 'yaml', 'kind: CronJob'))
  expect(at(cronJob, 'metadata', 'name')).toBe(at(spec, 'runJob', 'cronJob'))
  // Without it, a Job that cannot start never ends.
  expect(at(cronJob, 'spec', 'jobTemplate', 'spec', 'activeDeadlineSeconds')).toBeGreaterThan(0)
})

it('the page names bounds, variables and defaults as they are', () => {
  const { cronJob, ttl } = runJobSchema.properties
  expect(page).toContain(`at most ${cronJob.maxLength} characters`)
  expect(page).toContain(`from \`10m\` to \`720h\`, by default \`${ttl.default}\``)
  for (const label of ['severity', 'pod']) expect(page).toContain(`\`${variableOfLabel(label)}\``)
  expect([maxLabelBytes, maxInputBytes]).toEqual([1024, 64 * 1024])
  expect(page).toContain('A label can have 1 KiB and a body 64 KiB')
})

it('the page has the status of each end, and the rights that the author needs', () => {
  const rows = [...page.matchAll(/\| (\d{3}) \| `(\w+)` \| `(\w+)`/g)].map(([, status, state, reason]) => {
    return [Number(status), state, reason]
  })
  expect(rows.map(([status, state]) => [status, state])).toEqual(
    (['complete', 'progressing', 'stalled', 'failed', 'replaced'] as const).map(state => [
      statusOfState[state][0],
      state,
    ]),
  )
  for (const [, , reason] of rows) expect(Object.keys(reasons)).toContain(reason)
  expect(runJob.rights.author.map(({ resource, verb }) => `${verb} ${resource}`)).toEqual([
    "create 'jobs'",
    "get 'cronjobs'",
    "delete 'jobs'",
  ])
  expect(page).toContain(
    'the rights to `create` Jobs and to `get` the CronJob, and with `concurrency: replace` to `delete` Jobs',
  )
})
