import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { program } from '../support/program.ts'
import { shell } from '../support/shell.ts'

it('opens once by the link that the command prints, as the user of the kubeconfig', async () => {
  const serving = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  onTestFinished(async () => {
    await serving.close()
    rmSync(folder, { recursive: true })
  })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigFor(serving.url))
  const running = program(['dashboard', '--port', '0', '--kubeconfig', kubeconfig])
  const link = new URL(await running.said(line => /http:\S+#key=\S+/.exec(line)?.[0]))
  const open = () =>
    fetch(`${link.origin}/api/session`, {
      method: 'POST',
      headers: { origin: link.origin, 'content-type': 'application/json' },
      body: JSON.stringify({ key: link.hash.slice('#key='.length) }),
    })
  expect([(await open()).status, (await open()).status]).toEqual([200, 401])
  expect(await running.end('SIGTERM')).toBe(0)
})

it('listens on every address, and finds an API server whose address is one of IPv6', async () => {
  const given = shell({ env: { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '1' } })
  const typed = ['dashboard', '--sign-in', 'token', '--host', '::', '--port', '0']
  const url = 'https://page.example.com'
  const running = await runProgram(
    { entries: commands, version: '', summary: '' },
    [...typed, '--dashboard-url', url],
    given.shell,
  )
  if (typeof running === 'number') throw new Error(given.err())
  onTestFinished(running)
  const origin = `http://127.0.0.1:${/port (\d+)/.exec(given.err())?.[1]}`
  const signIn = await fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: 'mine' }),
  })
  // Nobody listens at that port, which is what the page then says.
  expect(signIn.status).toBe(503)
  expect(await signIn.json()).toMatchObject({ reason: 'ApiServerUnreachable' })
})

it('refuses an address with a path: behind it the page would not find its files', async () => {
  const typed = ['dashboard', '--sign-in', 'token', '--port', '0', '--dashboard-url', 'https://ops.example.com/hooks']
  const ran = runProgram({ entries: commands, version: '', summary: '' }, typed, shell().shell)
  await expect(ran).rejects.toThrow(/--dashboard-url must have no path, because the page needs its own host/)
})

it.each(['kubeconfig', 'context'])('does not ignore --%s where people bring tokens of their own', async flag => {
  const typed = ['dashboard', '--sign-in', 'token', '--port', '0', '--dashboard-url', 'https://page.example.com']
  const given = shell({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' } })
  const program = { entries: commands, version: '', summary: '' }
  const ran = runProgram(program, [...typed, `--${flag}`, 'prod'], given.shell)
  const stopped = ran.then(
    running => (typeof running === 'number' ? undefined : running()),
    () => undefined,
  )
  await expect(ran).rejects.toThrow(`--${flag} belongs to --sign-in key`)
  await stopped
})

it.each([
  'http://trigger.example.com/?',
  'http://trigger.example.com/#x',
  ' http://trigger.example.com',
  'http://x/ y',
])('is not opened at %j: what follows would be no path', async url => {
  const typed = ['dashboard', '--port', '0', '--sign-in', 'token', '--dashboard-url', url]
  const ran = runProgram({ entries: commands, version: '', summary: '' }, typed, shell().shell)
  await expect(ran).rejects.toThrow(/--dashboard-url must/)
})

it.each(['kubernetes.default.svc', 'localhost:6443'])('says at once that %s is no API server', async server => {
  const typed = ['dashboard', '--sign-in', 'token', '--port', '0', '--dashboard-url', 'https://page.example.com']
  const program = { entries: commands, version: '', summary: '' }
  const ran = runProgram(program, [...typed, '--api-server', server], shell().shell)
  const stopped = ran.then(
    running => (typeof running === 'number' ? undefined : running()),
    () => undefined,
  )
  await expect(ran).rejects.toThrow('--api-server must be an http or https URL')
  await stopped
})
