import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { locate } from '../../cli/cluster/access.ts'
import { fakeClock } from '../support/clock.ts'

/** Writes a kubeconfig whose plugin gives the tokens `token-1`, `token-2` and so on, each of which has expired at once. */
const setUp = () => {
  const folder = mkdtempSync(join(tmpdir(), 'access-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [count, kubeconfig] = [join(folder, 'runs'), join(folder, 'kubeconfig')]
  const script = `const fs = require("fs"); fs.appendFileSync(${JSON.stringify(count)}, "x");
    const token = "token-" + fs.readFileSync(${JSON.stringify(count)}).length;
    console.log(JSON.stringify({ status: { token, expirationTimestamp: "2020-01-01T00:00:00Z" } }))`
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [{ name: 'one', cluster: { server: 'https://one.example:6443' } }],
    users: [{ name: 'one', user: { exec } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  return { kubeconfig, runs: () => readFileSync(count, 'utf8').length }
}

it('a plugin is run once for a short command, and again for one that goes on', async () => {
  const { kubeconfig, runs } = setUp()
  const clock = fakeClock()
  const { route } = await locate({ kubeconfig, asGroups: [], as: 'somebody' }, {}, clock)
  expect(await route.headers()).toEqual({ 'impersonate-user': 'somebody', authorization: 'Bearer token-1' })
  expect(await route.headers()).toMatchObject({ authorization: 'Bearer token-1' })
  expect(runs()).toBe(1)
  await clock.advance(1000)
  expect(await route.headers()).toMatchObject({ authorization: 'Bearer token-2' })
})

it.each(['context', 'cluster', 'user'] as const)('without a kubeconfig, --%s is not ignored', async flag => {
  const located = locate({ [flag]: 'prod', asGroups: [] }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, fakeClock())
  await expect(located).rejects.toThrow(`--${flag} names a part of a kubeconfig, but there is none`)
})

it.each(['context', 'cluster', 'user'] as const)('beside --server, --%s is not ignored', async flag => {
  const server = 'https://two.example:6443'
  const alone = locate({ server, [flag]: 'prod', asGroups: [] }, {}, fakeClock())
  await expect(alone).rejects.toThrow(`--${flag} names a part of a kubeconfig, but there is none`)
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, '.kube'))
  const config = {
    'current-context': 'one',
    clusters: [{ name: 'one', cluster: { server: 'https://one.example:6443' } }],
    users: [{ name: 'one', user: { token: 'of-one' } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
  }
  writeFileSync(join(home, '.kube', 'config'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }))
  const { route } = await locate({ server, [flag]: 'one', asGroups: [] }, { HOME: home }, fakeClock())
  expect([route.server, await route.headers()]).toEqual([server, { authorization: 'Bearer of-one' }])
})
