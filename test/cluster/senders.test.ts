import { mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { parts } from '../../scripts/cluster/parts.ts'
import { locate } from '../../scripts/cluster/store.ts'
import { at, parseJson } from '../../src/api/json.ts'
import { listen } from '../../src/environment/listen.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { alertmanager as alertmanagerSnippet } from '../../cli/snippets/alertmanager.ts'
import { kubectl } from '../support/kubectl.ts'
import { spawnOwned } from '../support/owned-process.ts'
import { cluster, until } from '../support/product.ts'
import { freePort } from './control-plane/ports.ts'

const part = parts.find(({ name }) => name === 'alertmanager')
const alertmanager = part && locate(part, 'alertmanager', process.env)

/** Starts what takes posts at a URL of loopback, and the bodies that came so far, each with its path and what it proves. */
const receiver = async () => {
  const bodies: unknown[] = []
  const addressed: string[] = []
  const server = createServer((request, response) => {
    void text(request).then(body => {
      addressed.push([request.url, request.headers.authorization, request.headers['x-secret']].join(' ').trim())
      bodies.push(parseJson(body))
      response.end()
    })
  })
  onTestFinished(() => void server.close())
  return {
    bodies,
    addressed,
    url: `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}/v1/trigger/TOKEN`,
  }
}

/** Starts an Alertmanager with this configuration, as soon as it is ready. Answers its address. */
const start = async (binary: string, configuration: string): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [file, log, port] = [join(folder, 'alertmanager.yml'), join(folder, 'log'), await freePort()]
  writeFileSync(file, configuration)
  const flags = ['--config.file', file, '--storage.path', folder, '--cluster.listen-address', '']
  const output = openSync(log, 'w')
  const running = spawnOwned(binary, [...flags, '--web.listen-address', `127.0.0.1:${port}`], {
    stdout: output,
    stderr: output,
  })
  onTestFinished(() => running.end('SIGKILL'))
  const address = `http://127.0.0.1:${port}`
  await until(
    async () => {
      if (!running.running()) throw new Error(readFileSync(log, 'utf8'))
      return (await fetch(`${address}/-/ready`).catch(() => undefined))?.ok
    },
    ready => ready === true,
  )
  return address
}

// `npm run cluster:binaries -- alertmanager` builds it.
describe.skipIf(alertmanager === undefined)('a real Alertmanager', () => {
  it('takes the configuration that is written for a hook, with the URL in a file', async () => {
    const { bodies, url } = await receiver()
    const folder = mkdtempSync(join(tmpdir(), 'snippet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'web-up-url'))
    mkdirSync(join(folder, 'alerts'))
    writeFileSync(join(folder, 'web-up-url', 'url'), url)
    writeFileSync(join(folder, 'alerts', 'token'), 'a-token')
    const asked = { form: 'bearer', secret: 'alerts', key: 'token' } as const
    const hook = {
      namespace: 'shop',
      name: 'web-up',
      url: 'https://not-this-one',
      secretName: 'web-up-url',
      auth: asked,
    }
    const written = alertmanagerSnippet.texts(hook).find(({ text }) => text.includes('url_file'))?.text ?? ''
    const configuration = written
      .replaceAll('/etc/alertmanager/secrets', folder)
      .replace('group_wait: 10s', 'group_wait: 1s')
    const address = await start(alertmanager ?? '', configuration)
    const body = JSON.stringify([{ labels: { alertname: 'WebBusy', namespace: 'shop' } }])
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${address}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200)
    const posted = await until(
      async () => bodies,
      seen => seen.length > 0,
    )
    expect(deliveryOf({ headers: {}, json: posted[0] })).toMatchObject({ sender: 'alertmanager', phase: 'firing' })
  })

  it('reads the token of the header from a file, and the next one without a reload', async () => {
    const { addressed, url } = await receiver()
    const folder = mkdtempSync(join(tmpdir(), 'snippet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    mkdirSync(join(folder, 'web-up-url'))
    const file = join(folder, 'web-up-url', 'token')
    writeFileSync(file, 'first')
    const hook = { namespace: 'shop', name: 'web-up', url, secretName: 'web-up-url' }
    const written = alertmanagerSnippet.texts(hook).find(({ text }) => text.includes('credentials_file'))?.text ?? ''
    const configuration = written
      .replaceAll('/etc/alertmanager/secrets', folder)
      .replaceAll(/(group_wait|group_interval|repeat_interval): .*/g, '$1: 1s')
    const address = await start(alertmanager ?? '', configuration)
    const body = JSON.stringify([{ labels: { alertname: 'WebBusy', namespace: 'shop' } }])
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${address}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200)
    const seen = async () => addressed
    await until(seen, posts => posts.includes('/v1/trigger Bearer first'))
    // As the kubelet does: a reader sees the whole of one value.
    writeFileSync(`${file}.next`, 'second')
    renameSync(`${file}.next`, file)
    await until(seen, posts => posts.includes('/v1/trigger Bearer second'))
    expect(new Set(addressed)).toEqual(new Set(['/v1/trigger Bearer first', '/v1/trigger Bearer second']))
    // Where it shows its configuration, it shows no token.
    expect(await (await fetch(`${address}/api/v2/status`)).text()).not.toMatch(/first|second/)
  })

  it('sends a header of another name from a file, next to the token', async () => {
    const { addressed, url } = await receiver()
    const folder = mkdtempSync(join(tmpdir(), 'snippet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (const [secret, key, value] of [
      ['web-up-url', 'token', 'first'] as const,
      ['alerts', 'secret', 'hush'] as const,
    ]) {
      mkdirSync(join(folder, secret))
      writeFileSync(join(folder, secret, key), value)
    }
    const auth = { form: 'header', secret: 'alerts', key: 'secret', header: 'X-Secret' } as const
    const [written] = alertmanagerSnippet.texts({
      namespace: 'shop',
      name: 'web-up',
      url,
      secretName: 'web-up-url',
      auth,
    })
    const configuration = written?.text
      .replaceAll('/etc/alertmanager/secrets', folder)
      .replace('group_wait: 10s', 'group_wait: 1s')
    const address = await start(alertmanager ?? '', configuration ?? '')
    const body = JSON.stringify([{ labels: { alertname: 'WebBusy', namespace: 'shop' } }])
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${address}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200)
    await until(
      async () => addressed,
      posts => posts.includes('/v1/trigger Bearer first hush'),
    )
  })

  it('takes the ready configuration, and what it then posts is understood', async () => {
    const { bodies, url } = await receiver()
    const [ready] = alertmanagerSnippet.texts({ namespace: 'shop', name: 'web-up', url })
    const configuration = ready?.text.replace('group_wait: 10s', 'group_wait: 1s') ?? ''
    const address = await start(alertmanager ?? '', configuration)
    const labels = { alertname: 'WebBusy', namespace: 'shop' }
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify([{ labels, startsAt: '2026-01-01T10:00:00Z' }])
    expect((await fetch(`${address}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200)
    const posted = await until(
      async () => bodies,
      seen => seen.length > 0,
    )
    const delivery = deliveryOf({ headers: {}, json: posted[0] })
    expect(at(posted[0], 'notification_reason')).toBe('first notification')
    expect(delivery).toMatchObject({
      sender: 'alertmanager',
      phase: 'firing',
      identity: { newsAt: Date.UTC(2026, 0, 1, 10) },
      group: { firing: [expect.stringMatching(/^[0-9a-f]{16}$/)], mixed: false },
    })
  })

  it('refuses a configuration that it does not know', async () => {
    await expect(start(alertmanager ?? '', 'route: {receiver: nobody}\n')).rejects.toThrow('nobody')
  })
})

it('the API server accepts the example with a CronJob', async () => {
  await cluster()
  const create = (...args: readonly string[]) => kubectl(inject('kubeconfig'), args)
  await create('create', 'namespace', 'shop')
  const path = 'deploy/examples/cron-job.yaml'
  const { stderr, stdout } = await create('apply', '--dry-run=server', '--validate=strict', '-f', path)
  expect(stderr).toBe('')
  expect(stdout).toBe(
    'receiverhook.receiverhooks.dev/morning created (server dry run)\ncronjob.batch/morning created (server dry run)\n',
  )
})
