import { expect, it } from 'vitest'
import type { ResourceType } from '../../src/kube/paths.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, postUntilDone, product } from '../support/product.ts'

const cronJobs: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }
const report = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'report' }

const setUp = async () => {
  const here = await cluster()
  await product(here)
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'report' }] } }
  await create(here.api, cronJobs, here.namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '0 3 1 1 *', suspend: false, jobTemplate: { spec: { template } } },
  })
  /** Creates a hook that holds something. */
  const holding = async (name: string, hold: object): Promise<string> => {
    await here.createHook(name, {}, { driver: 'hold', scale: undefined, hold, for: '2h' })
    return here.url(name)
  }
  const why = async (word: string): Promise<string> => {
    const { code, stderr, stdout } = await commandLine(here.kubeconfig, ['why', word, '-n', here.namespace])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }
  /** Changes an object as a person does. */
  const edit = (type: ResourceType, name: string, spec: object) =>
    send(here.api, {
      method: 'PATCH',
      path: objectPath(type, here.namespace, name),
      query: { fieldManager: 'kubectl-edit' },
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec }),
    })
  return { ...here, edit, holding, why }
}

/** Returns the columns of the lines of a table that begin with a word, without the blanks between them. */
const linesOf = (text: string, word: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter(line => line.startsWith(`${word} `))
    .map(line => line.split(/ {2,}/))

it('says who holds a switch, until when, why, and what it goes back to', async () => {
  const { edit, holding, namespace, why } = await setUp()
  expect(await why('cronjob/report')).toBe(
    `CronJob/report in ${namespace}: spec.suspend is false, and no hook holds it\n`,
  )
  const [one, other] = [await holding('one', { target: report }), await holding('other', { target: report })]
  await post(`${one}?reason=database%20migration`)
  await post(other)
  const held = await why('cj/report')
  expect(held.split('\n')[0]).toBe(`CronJob/report in ${namespace}: spec.suspend is true, held by hooks`)
  const [[, value, , until, of] = []] = linesOf(held, 'one')
  expect([value, of]).toEqual(['true', expect.stringContaining('database migration')])
  expect(until).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \(in \d+m\)$/)
  expect(linesOf(held, 'other')).toHaveLength(1)
  expect(held).toContain('When nobody holds it any more, it goes back to false.')

  await edit(cronJobs, 'report', { suspend: false })
  const over = await why('cj/report')
  expect(over.split('\n')[0]).toBe(`CronJob/report in ${namespace}: spec.suspend is false, and no hook holds it`)
  const [, ended = ''] = over.split('kubectl-edit has set it since, so these are over:')
  expect(linesOf(ended, 'one')).toHaveLength(1)
})

it('says of a count that is held what it would be, and who keeps it awake', async () => {
  const { createDeployment, createHook, holding, url, why } = await setUp()
  await createDeployment('web', 3)
  await createHook('lent', { by: 2, max: 20 }, { for: '15m' })
  await postUntilDone(await url('lent'))
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
  const sleep = await holding('sleep', { target, to: 0 })
  expect((await post(sleep)).body['reason']).toBe('Held')
  const asleep = await why('deployment/web')
  expect(asleep).toContain(': spec.replicas is 0\n')
  expect(linesOf(asleep, 'base')[0]?.[1]).toBe('3')
  expect(linesOf(asleep, 'lent')[0]?.[1]).toBe('+2')
  expect(linesOf(asleep, 'held')[0]?.slice(0, 2)).toEqual(['held', '-5'])
  expect(linesOf(asleep, 'sum')[0]?.[1]).toBe('0')
  expect(asleep).not.toContain('does not add up')
  expect(linesOf(asleep, 'sleep')[0]?.slice(0, 2)).toEqual(['sleep', '0'])
  expect(asleep).toContain('When nobody holds it any more, it goes back to 5.')

  expect((await post(await holding('awake', { target, to: 'base' }))).body['reason']).toBe('Held')
  const awake = await why('deployment/web')
  expect(awake).toContain(': spec.replicas is 5\n')
  expect(linesOf(awake, 'held')).toEqual([])
  expect(linesOf(awake, 'awake')[0]?.slice(0, 2)).toEqual(['awake', 'base'])
  expect(linesOf(awake, 'sleep')[0]?.slice(0, 2)).toEqual(['sleep', '0'])
  expect(awake).toContain('The highest value wins, which is base: the field stays as others have set it.')
})
