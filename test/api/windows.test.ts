import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { notification } from '../support/alertmanager.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, product, until } from '../support/product.ts'

const setUp = async (spec: object) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const running = await product(here)
  await here.createHook('web-up', {}, spec)
  const webUp = await here.url('web-up')
  /** Posts until the answer has this reason. Every replica follows a change of the hook within two seconds. */
  const answered = (reason: string, send: () => ReturnType<typeof post>) =>
    until(send, ({ body }) => body['reason'] === reason)
  return { ...here, ...running, answered, webUp }
}

const closed = { except: [{ from: '2020-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z', reason: 'a long freeze' }] }
const open = {
  zone: 'Europe/Berlin',
  open: [{}],
  except: [{ from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' }],
}

it('a hook whose windows are closed skips posts, says when they count again, and remembers the names of those', async () => {
  const { answered, hook, patchHook, replicas, webUp } = await setUp({ windows: closed })
  const named = () => post(webUp, undefined, { headers: { 'idempotency-key': 'one' } })
  const answer = await named()
  expect(answer).toMatchObject({
    status: 200,
    body: {
      outcome: 'skipped',
      reason: 'OutsideWindow',
      opensAt: '2999-01-01T00:00:00Z',
      message: 'the hook is closed until Tue 2999-01-01 00:00 in UTC',
    },
  })
  // The reason of a freeze is for those who may read the hook.
  expect(JSON.stringify(answer.body)).not.toContain('long freeze')
  expect((await post(`${webUp}?dryRun=true`)).body).toMatchObject({ reason: 'OutsideWindow', dryRun: true })
  const seen = await until(
    () => hook('web-up'),
    object => JSON.stringify(object ?? {}).includes('OutsideWindow'),
  )
  expect(at(seen, 'status', 'conditions')).toMatchObject([{ type: 'Ready', status: 'True' }])

  await patchHook('web-up', { spec: { windows: null } })
  await answered('Stepped', () => post(webUp))
  // A copy of a skipped post is skipped too, as after a suspension.
  expect((await named()).body).toMatchObject({ reason: 'Duplicate' })
  expect(await replicas('web')).toBe(3)
})

it('what an alert changed while its hook was open is taken back while it is closed', async () => {
  const { answered, patchHook, replicas, webUp } = await setUp({ windows: open, onResolved: 'undo' })
  expect((await post(webUp, notification('firing', 'first notification'))).body).toMatchObject({ reason: 'Stepped' })
  await patchHook('web-up', { spec: { windows: { ...closed, open: null } } })
  // Until the trigger knows, a post counts.
  await answered('OutsideWindow', () => post(`${webUp}?dryRun=true`))
  const ended = await post(webUp, notification('resolved', 'all alerts resolved'))
  expect(ended.body).toMatchObject({ outcome: 'applied', reason: 'Undone' })
  expect(await replicas('web')).toBe(2)
})

it('a hook with an unknown time zone is Stalled and runs nothing, until the zone is corrected', async () => {
  const { answered, hook, patchHook, replicas, webUp } = await setUp({ windows: { ...open, zone: 'Europe/Atlantis' } })
  const seen = await until(
    () => hook('web-up'),
    object => JSON.stringify(object ?? {}).includes('UnknownZone'),
  )
  expect(at(seen, 'status', 'conditions')).toMatchObject([
    { type: 'Ready', status: 'False', reason: 'UnknownZone' },
    { type: 'Stalled', status: 'True' },
  ])
  expect(JSON.stringify(seen)).toContain('there is no time zone Europe/Atlantis')
  expect(await post(webUp)).toMatchObject({ status: 422, body: { outcome: 'failed', reason: 'UnknownZone' } })
  expect(await replicas('web')).toBe(2)
  await patchHook('web-up', { spec: { windows: { zone: 'Europe/Berlin' } } })
  await answered('Stepped', () => post(webUp))
})

it('describe says when a hook is open, and until when it is closed', async () => {
  const { kubeconfig, namespace } = await setUp({ windows: closed })
  const { stdout } = await commandLine(kubeconfig, ['describe', 'web-up', '-n', namespace])
  expect(stdout).toContain('(a long freeze)')
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('closed until Tue 2999-01-01 00:00 in UTC')
})
