import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { readMemories, saidByRecords, saidByStatuses } from '../../cli/why/said.ts'
import { emptyMemory, storedOf, type Memory } from '../../src/record/memory.ts'
import { targetText } from '../../src/steps/target/text.ts'
import { answer, scriptedConnection, type Scripted } from '../support/scripted-connection.ts'
import { deploymentTarget } from '../support/targets.ts'
import { specDefaults } from '../support/hooks.ts'

const web = deploymentTarget('web')
const [target, uid] = [targetText(web), 'u-web']

const hook = (name: string, more: Partial<ReceiverHook> = {}): ReceiverHook => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1', generation: 1, creationTimestamp: '' },
  spec: {
    driver: 'scale',
    scale: { target: { name: 'web' }, action: 'up', max: 10 },
    ...specDefaults,
  },
  ...more,
})

const record = (name: string, content: unknown) => ({
  metadata: { name, namespace: 'shop', uid: `r-${name}`, resourceVersion: '3' },
  content: typeof content === 'string' ? content : JSON.stringify(content),
})

const lease = (by: number): Memory => ({
  ...emptyMemory,
  objects: [{ target, uid }],
  parts: [{ key: '~1', object: 0, delta: by, at: 1000, until: 9000, since: '5' }],
})

/** Answers for records: those with the label in a list, and each by its name. */
const servingRecords = (labelled: readonly object[], others: Readonly<Record<string, object>>) =>
  scriptedConnection(({ path, query }) => {
    const name = path.split('/receiverhookrecords/')[1]
    if (name === undefined) {
      expect(query?.['labelSelector']).toBe('receiverhooks.dev/leases')
      return answer(200, { metadata: { resourceVersion: '9' }, items: labelled })
    }
    const found = others[name]
    return found ? answer(200, found) : answer(404, { reason: 'NotFound', details: { name } })
  })

const cluster = (api: ReturnType<typeof servingRecords>) => ({ api, namespace: 'shop' })

it('reads records that lease something, and those of the hooks that are aimed at the object', async () => {
  const api = servingRecords([record('elsewhere', storedOf(lease(1))), record('web-up', storedOf(lease(2)))], {
    newer: record('newer', JSON.stringify({ format: 99 })),
    broken: record('broken', 'no JSON'),
  })
  const aimed = ['web-up', 'newer', 'broken', 'unused'].map(name => hook(name))
  const memories = await readMemories(cluster(api), aimed)
  expect(
    [...(memories ?? [])].map(([name, memory]) => [name, memory === 'newer' ? memory : memory.parts?.[0]?.delta]),
  ).toEqual([
    ['elsewhere', 1],
    ['web-up', 2],
    ['newer', 'newer'],
  ])
  expect(api.requests).toHaveLength(4)
  const said = await saidByRecords(cluster(api), memories ?? new Map(), aimed, aimed, web, uid)
  expect(said).toMatchObject({ by: 'records', unread: ['newer'], claims: [], unknown: [] })
  expect(said.parts.map(({ by, hook: name }) => [name, by])).toEqual([
    ['elsewhere', 1],
    ['web-up', 2],
  ])
})

it('does without records where this user may not read them', async () => {
  const refusing: Scripted = () => answer(403, { reason: 'Forbidden', message: 'no' })
  expect(await readMemories(cluster(scriptedConnection(refusing)), [])).toBeUndefined()
})

it('ends a part by the `endBefore` of its hook, and says what is overdue and why', async () => {
  const memory: Memory = { ...lease(2), overdue: { at: 4000, why: 'a policy refuses it' } }
  const ending = hook('web-up', { spec: { ...hook('web-up').spec, endBefore: '1970-01-01T00:00:04Z' } })
  const api = servingRecords([record('web-up', storedOf(memory))], {})
  const memories = (await readMemories(cluster(api), [])) ?? new Map()
  const { parts } = await saidByRecords(cluster(api), memories, [ending], [ending], web, uid)
  expect(parts).toMatchObject([{ by: 2, at: 1000, until: 4000, state: 'overdue', why: 'a policy refuses it' }])
})

it.each([
  ['nobody knows, where the history of the API server is gone', answer(410, {}), false],
  ['somebody may make at any moment, where the object is as it was', undefined, true],
])('names a claimed step that %s', async (_, history, isPending) => {
  const claim = { mark: 'receiver-hooks.a.1.5.2', target, uid, version: '7', to: 4, helped: false }
  const memory: Memory = { ...emptyMemory, rows: [{ state: 'claimed', key: 'k', at: 1000, from: 2, to: 4, claim }] }
  const object = { metadata: { name: 'web', uid, resourceVersion: isPending ? '7' : '20' }, spec: { replicas: 4 } }
  const api = scriptedConnection(({ query }) =>
    query?.['resourceVersion'] !== undefined && history
      ? history
      : answer(200, { metadata: { resourceVersion: '21' }, items: [object] }),
  )
  const said = await saidByRecords(cluster(api), new Map([['web-up', storedOf(memory)]]), [], [], web, uid)
  expect(said.claims).toEqual([{ hook: 'web-up', by: 2, at: 1000, version: '7', isPending }])
})

it('takes from a status the leases of the object alone', () => {
  const [since, until] = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z']
  const shown = [
    { object: 'Deployment/web', by: 2, since, until, of: 'plain', state: 'held' as const },
    { object: 'Deployment/web', by: 1, since, until, state: 'open' as const },
    { object: 'Deployment/other', by: 5, since, until, state: 'open' as const },
  ]
  const saying = hook('web-up', { status: { leases: { open: 3, sum: 3, shown } } })
  const times = { hook: 'web-up', at: Date.UTC(2026, 0, 1), until: Date.UTC(2026, 0, 1, 1) }
  expect(saidByStatuses([saying, hook('silent')], 'Deployment/web').parts).toEqual([
    { ...times, by: 2, of: 'plain', state: 'held' },
    { ...times, by: 1, of: undefined, state: undefined },
  ])
})
