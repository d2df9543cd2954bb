import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { configMaps } from '../../src/kube/resources.ts'
import { publicKeysConfigMap } from '../../src/token/published.ts'
import { notification } from '../support/alertmanager.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, product } from '../support/product.ts'

const having = (part: string): unknown => expect.stringContaining(part)
const lacking = (part: string): unknown => expect.not.stringContaining(part)
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

/** Makes a notification about an alert of this name. */
const about = (alertname: string, status: 'firing' | 'resolved') => {
  const message = notification(status, status === 'firing' ? 'first notification' : 'all alerts resolved')
  return { ...message, groupLabels: { alertname }, groupKey: `{}:{alertname="${alertname}"}` }
}

const setUp = async (spec: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const running = await product(here)
  await here.createHook('web-up', {}, spec)
  const webUp = await here.url('web-up')
  const typed = (...words: readonly string[]) =>
    commandLine(here.kubeconfig, [...words, '--system-namespace', here.systemNamespace])
  /** Posts until the answer has this status. Every replica follows a stop within two seconds. */
  const answered = (status: number, query = '', body?: object) =>
    here.until(
      () => post(`${webUp}${query}`, body),
      // A busy machine has other reasons for 503.
      answer => answer.status === status && (status !== 503 || answer.body['reason'] === 'Stopped'),
    )
  const get = async (path: string) => {
    const response = await fetch(`${running.operations}${path}`)
    return { status: response.status, text: await response.text() }
  }
  return { ...here, ...running, typed, answered, get, webUp }
}

it('a stop answers every post 503 and changes nothing, and a start serves them again', async () => {
  const { answered, replicas, typed, webUp } = await setUp()
  expect(await typed('stop', '--reason', 'etcd is slow')).toMatchObject({
    code: 0,
    stdout: 'all hooks are stopped within two seconds\n',
  })
  const refused = await answered(503)
  expect(refused.body).toMatchObject({ outcome: 'unavailable', reason: 'Stopped' })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  const count = await replicas('web')
  for (const query of ['', '?dryRun=true', '?wait=0s']) {
    const answer = await post(`${webUp}${query}`, undefined, { headers: { 'idempotency-key': 'one' } })
    // The sender may be a stranger with the URL.
    expect({ query, status: answer.status, text: JSON.stringify(answer.body) }).toEqual({
      query,
      status: 503,
      text: lacking('etcd'),
    })
  }
  expect(await replicas('web')).toBe(count)
  expect(await typed('start')).toMatchObject({ code: 0, stderr: having(': etcd is slow\n') })
  expect(await answered(200)).toMatchObject({ body: { from: count, to: count + 1 } })
  expect(await typed('start')).toMatchObject({ code: 0, stdout: 'hooks were not stopped\n' })
})

it.each([
  { words: [], reason: 'Undone' },
  { words: ['--all'], reason: 'Stopped' },
])('an alert that ends during a stop $words is answered $reason', async ({ reason, words }) => {
  const { answered, typed } = await setUp({ onResolved: 'undo', dedupeWindow: '0s' })
  expect(await answered(200, '', about('HighLoad', 'firing'))).toMatchObject({ body: { reason: 'Stepped' } })
  await typed('stop', '--reason', 'drill', ...words)
  await answered(503, '', about('Other', 'firing'))
  const ended = await answered(reason === 'Stopped' ? 503 : 200, '', about('HighLoad', 'resolved'))
  expect(ended).toMatchObject({ body: { reason } })
})

it('a stop is shown by readiness, metrics and doctor, and no replica leaves its Service', async () => {
  const { answered, get, typed } = await setUp()
  await typed('stop', '--reason', 'drill')
  await answered(503)
  expect(await get('/readyz?verbose')).toMatchObject({
    status: 200,
    text: matching(/\[-\]trigger\/stop failed: all hooks have been stopped since 2\S+: drill\. To let/),
  })
  expect((await get('/metrics')).text).toContain('receiverhooks_stopped 1')
  expect(await typed('doctor')).toMatchObject({
    code: 1,
    stdout: having('all hooks have been stopped'),
  })
})

it('a new key set leaves the stop as it is', async () => {
  const { answered, api, systemNamespace, typed, webUp } = await setUp()
  await typed('stop', '--reason', 'drill')
  await answered(503)
  expect(await typed('keys', 'rotate', '--settle', '100ms')).toMatchObject({ code: 0 })
  expect(await post(webUp)).toMatchObject({ status: 503, body: { reason: 'Stopped' } })
  // The annotation alone is enough, as somebody without the plugin would write it.
  const path = objectPath(configMaps, systemNamespace, publicKeysConfigMap)
  const annotate = (value: string | null) =>
    send(api, {
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { annotations: { 'receiverhooks.dev/stop': value } } }),
    })
  await annotate(null)
  await answered(200)
  await annotate('')
  await answered(503)
})

it('a stopped hook answers with the outcome of what another replica decided', async () => {
  const here = await setUp()
  const other = await product(here, { controller: false })
  const elsewhere = here.webUp.replace(/:\d+/, `:${other.triggerPort}`)
  const named = (url: string, key: string) => post(url, undefined, { headers: { 'idempotency-key': key } })
  expect(await named(elsewhere, 'one')).toMatchObject({ status: 200 })
  // It has nothing more to write, and knows the record as it wrote it last.
  await here.until(
    () => here.hook('web-up'),
    hook => at(hook, 'status', 'lastDelivery') !== undefined,
  )
  expect(await named(here.webUp, 'two')).toMatchObject({ status: 200, body: { from: 3, to: 4 } })
  await here.typed('stop', '--reason', 'drill')
  await here.answered(503)
  await here.until(
    () => named(elsewhere, 'three'),
    ({ status }) => status === 503,
  )
  // The first one notes a moment later that its step is stored.
  const asked = await here.until(
    () => named(`${elsewhere}?wait=0s`, 'two'),
    ({ body }) => body['outcome'] === 'applied',
  )
  expect(asked).toMatchObject({ body: { from: 3, to: 4 } })
})

it('a stop asks why', async () => {
  const { typed } = await setUp()
  expect(await typed('stop')).toMatchObject({ code: 2, stderr: having('--reason') })
})
