import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { at, isObject, parseJson } from '../../src/api/json.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { send } from '../../src/kube/requests.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'
import { program } from '../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
const bundle = join(folder, 'receiver-hooks.mjs')
/** Returns the files whose text has this word in it. */
const filesWith = (word: string): readonly string[] =>
  readdirSync(folder).filter(file => file.endsWith('.mjs') && readFileSync(join(folder, file), 'utf8').includes(word))

/** Asks one question, as the product does, and prints the answer. */
const asking = `
  import { nodeClock } from './src/environment/node.ts'
  import { forkEvaluator } from './src/expressions/worker/process.ts'
  import { supervisedExpressions } from './src/expressions/worker/supervised.ts'
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const variables = { headers: { 'x-a': 'b' }, query: {}, sender: 'plain' }
  const expression = "headers['x-a'] == 'b' && body == null"
  console.log(JSON.stringify(await expressions.evaluate({ namespace: 'shop', owner: 'a', expression, variables, withinMs: 30_000 })))
  expressions.close()
`

beforeAll(() => {
  writeFileSync(join(folder, 'part-OFBEFOR2.mjs'), '')
  execFileSync(process.execPath, ['scripts/build.ts', folder])
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the bundle', () => {
  it('says its version', () => {
    expect(execFileSync(process.execPath, [bundle, '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('is the same, file by file, wherever it is written', () => {
    const other = join(mkdtempSync(join(tmpdir(), 'bundle-')), 'further/down')
    onTestFinished(() => rmSync(join(other, '../..'), { recursive: true }))
    execFileSync(process.execPath, ['scripts/build.ts', other])
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => /\.\w+$/.test(path))
    expect(readdirSync(other, { recursive: true, encoding: 'utf8' })).toEqual(expect.arrayContaining(files))
    const different = files.filter(path => !readFileSync(join(folder, path)).equals(readFileSync(join(other, path))))
    expect(different).toEqual([])
  })

  it('brings for expressions what runs by itself, next to the file that starts it', async () => {
    await build({
      stdin: { contents: asking, resolveDir: process.cwd(), loader: 'ts' },
      outfile: join(folder, 'asking.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      logLevel: 'error',
    })
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'asking.mjs')], { cwd: '/' })
    rmSync(join(folder, 'asking.mjs'))
    expect(stdout).toBe('{"counts":true}\n')
  })

  it('has no part of an earlier one next to it', () => {
    expect(readdirSync(folder)).not.toContain('part-OFBEFOR2.mjs')
  })

  it('has nothing of undici that is loaded at each start and never used', () => {
    const inputs = at(parseJson(readFileSync(join(folder, 'meta.json'), 'utf8')), 'inputs')
    const paths = Object.keys(isObject(inputs) ? inputs : {})
    const needless = /undici\/lib\/(milo|mock|cache|web\/(websocket|cache|eventsource))\//
    expect(paths.filter(path => path.includes('node_modules/undici/')).length).toBeGreaterThan(3)
    expect(paths.filter(path => needless.test(path))).toEqual([])
  })

  it('has nothing of express that is loaded at each start and never used', () => {
    const inputs = at(parseJson(readFileSync(join(folder, 'meta.json'), 'utf8')), 'inputs')
    const paths = Object.keys(isObject(inputs) ? inputs : {})
    const needless = /node_modules\/(debug|iconv-lite|mime-db|mime-types|ms|qs|send|serve-static)\//
    expect(paths.filter(path => path.includes('node_modules/express/')).length).toBeGreaterThan(3)
    expect(paths.filter(path => needless.test(path))).toEqual([])
  })

  it('has nothing of the metrics and the log that is loaded at each start and never used', () => {
    const inputs = at(parseJson(readFileSync(join(folder, 'meta.json'), 'utf8')), 'inputs')
    const paths = Object.keys(isObject(inputs) ? inputs : {})
    const needless = /node_modules\/(bintrees|tdigest|thread-stream)\//
    expect(paths.filter(path => /node_modules\/(prom-client|pino)\//.test(path)).length).toBeGreaterThan(10)
    expect(paths.filter(path => needless.test(path))).toEqual([])
  })

  it('loads express where something is served, and nowhere else', () => {
    const other = mkdtempSync(join(tmpdir(), 'bundle-without-express-'))
    onTestFinished(() => rmSync(other, { recursive: true }))
    cpSync(folder, other, { recursive: true })
    const served = filesWith('finalhandler(')
    expect(served).toHaveLength(1)
    for (const file of served) rmSync(join(other, file))
    const run = (...args: readonly string[]) =>
      execFileSync(process.execPath, [join(other, 'receiver-hooks.mjs'), ...args], { encoding: 'utf8', stdio: 'pipe' })
    expect(run('snippet', 'alertmanager', '--help')).toContain('snippet')
    expect(() => run('playground', '--help')).toThrow(/Cannot find module/)
  })

  it('serves the dashboard as the source does', async () => {
    const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
    onTestFinished(() => server.close())
    const kubeconfig = join(folder, 'kubeconfig-of-dashboard')
    writeFileSync(kubeconfig, kubeconfigFor(server.url))
    const running = program(['dashboard', '--port', '0', '--kubeconfig', kubeconfig], bundle, { DEBUG: '*' })
    const link = new URL(await running.said(line => /http:\S+#key=\S+/.exec(line)?.[0]))
    const page = await fetch(link.origin)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const script = /\/assets\/[\w-]+\.js/.exec(await page.text())?.[0]
    const asset = await fetch(`${link.origin}${script}`)
    expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    const open = (body: string, type = 'application/json') =>
      fetch(`${link.origin}/api/session`, {
        method: 'POST',
        headers: { origin: link.origin, 'content-type': type },
        body,
      }).then(async answer => [answer.status, answer.headers.get('content-type'), await answer.text()] as const)
    const key = JSON.stringify({ key: link.hash.slice('#key='.length) })
    expect((await open(key, 'application/json; charset=utf-16le'))[0]).toBe(415)
    expect((await open('{"key":"w\u00f6rong'))[0]).toBe(400)
    const [status, type, text] = await open(key, 'application/json; charset=utf-8')
    expect([status, type]).toEqual([200, 'application/json; charset=utf-8'])
    expect(text).toContain('pageKey')
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
