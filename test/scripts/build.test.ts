import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../src/apiserver/http.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { at, isObject, parseJson } from '../../src/api/json.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { send } from '../../src/kube/requests.ts'
import { kubeconfigFor } from '../../src/playground/kubeconfig.ts'
import { program } from '../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
const bundle = join(folder, 'receiver-hooks.mjs')
/** The files whose text has this word in it. */
const filesWith = (word: string): readonly string[] =>
  readdirSync(folder).filter(file => file.endsWith('.mjs') && readFileSync(join(folder, file), 'utf8').includes(word))

beforeAll(() => {
  writeFileSync(join(folder, 'part-OFBEFOR2.mjs'), '')
  execFileSync(process.execPath, ['scripts/build.ts', folder])
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the bundle', () => {
  it('says its version', () => {
    expect(execFileSync(process.execPath, [bundle, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('has no part of an earlier one beside it', () => {
    expect(readdirSync(folder)).not.toContain('part-OFBEFOR2.mjs')
  })

  it('has nothing of undici that is loaded at each start and never used', () => {
    const inputs = at(parseJson(readFileSync(join(folder, 'meta.json'), 'utf8')), 'inputs')
    const paths = Object.keys(isObject(inputs) ? inputs : {})
    const needless = /undici\/lib\/(mock|cache|web\/(websocket|cache|eventsource))\//
    expect(paths.filter(path => path.includes('node_modules/undici/')).length).toBeGreaterThan(3)
    expect(paths.filter(path => needless.test(path))).toEqual([])
  })

  it('asks other servers as the source does', async () => {
    const lines: string[] = []
    const visited = createServer(({ method, url }, response) => {
      lines.push(`${method} ${url}`)
      response.end('welcome')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void visited.close())
    await once(visited, 'listening')
    const address = visited.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    program(['sample', 'customers', '--url', `http://127.0.0.1:${address.port}/shop?a=b`], bundle)
    await expect.poll(() => lines[0]).toBe('GET /shop?a=b')
  })

  it('gets ready without the client library, the expressions and the playground, where nothing needs them', async () => {
    const needless = ['ExecAuth', 'JsonPatchError', 'CelError'].flatMap(filesWith)
    expect(needless.length).toBeGreaterThanOrEqual(3)
    for (const file of needless) rmSync(join(folder, file), { force: true })
    const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
    const api = connect({ server: server.url })
    onTestFinished(async () => {
      await api.close()
      await server.close()
    })
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    for (const crd of crds) await send(api, { method: 'POST', path: definitions, body: JSON.stringify(crd) })
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, kubeconfigFor(server.url))
    const ports = ['--host', '127.0.0.1', '--trigger-port', '0', '--operations-port', '0']
    const running = program(['serve', '--kubeconfig', kubeconfig, '--namespace', 'default', ...ports], bundle)
    await running.said(line => line.includes('"msg":"started"') || undefined)
    const port = await running.said(line => /"operationsPort":(\d+)/.exec(line)?.[1])
    await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
  })
})
