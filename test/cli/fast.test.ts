import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Metafile } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'
import { bundled, httpByRequire } from '../../scripts/bundling.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'
import { buildPlugin } from '../support/plugin.ts'
import { installCrd } from '../support/product.ts'

/** What `url` may load, in kB: each more is time at every call of a script. */
const maxKilobytes = 244

const outputOf = (outputs: Metafile['outputs'], source: string): string =>
  Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === source)?.[0] ?? ''

/** Returns all files that are loaded with these: what they import, and not what they would import on demand. */
const loaded = (outputs: Metafile['outputs'], files: readonly string[]): ReadonlySet<string> => {
  const found = new Set<string>()
  const add = (file: string): void => {
    if (found.has(file)) return
    found.add(file)
    for (const { kind, path, external } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) add(path)
    }
  }
  files.forEach(add)
  return found
}

it(
  'url loads little: no client of the servers, no drivers, no library for what it does not do',
  { timeout: 120_000 },
  async () => {
    const { metafile } = await build({
      ...bundled(),
      entryPoints: ['src/plugin.ts'],
      outdir: 'dist',
      splitting: true,
      plugins: [httpByRequire],
      metafile: true,
      write: false,
    })
    const { outputs } = metafile
    // A kubeconfig is mostly YAML.
    const parser = 'node_modules/js-yaml/dist/browser/js-yaml.esm.min.mjs'
    const files = loaded(
      outputs,
      ['src/plugin.ts', 'cli/commands/url.ts', parser].map(source => outputOf(outputs, source)),
    )
    expect(files).not.toContain('')
    expect(
      [...files].some(file => basename(file).startsWith('url-') || outputs[file]?.entryPoint?.endsWith('url.ts')),
    ).toBe(true)
    const inputs = [...files].flatMap(file => Object.keys(outputs[file]?.inputs ?? {}))
    const packages = new Set(inputs.flatMap(input => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []))
    expect([...packages].sort()).toEqual(['commander', 'js-yaml'])
    expect(inputs.filter(input => /src\/(drivers|controller|trigger|apiserver|senders)\//.test(input))).toEqual([])
    // The library for agents is in a part of its own, which only their command loads.
    const ofAgents = Object.values(outputs).filter(output =>
      Object.keys(output.inputs).some(input => input.includes('/@modelcontextprotocol/')),
    )
    expect(ofAgents.map(({ entryPoint }) => entryPoint)).toEqual(['cli/mcp/serve.ts'])
    const bytes = [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0)
    expect(bytes / 1024).toBeLessThan(maxKilobytes)
  },
)

/** How many times as much of a processor as an empty Node `url` may take: twice is usual, and three times where others work. */
const maxOfEmpty = 6

/**
 * Returns the processor time of a program, with that of all processes it waits for, and its output.
 */
const timed = async (args: readonly string[], kubeconfig: string): Promise<{ ms: number; out: string }> => {
  const script = 'TIMEFORMAT="%U %S"; time "$@"'
  const env = { KUBECONFIG: kubeconfig, PATH: process.env['PATH'], LC_ALL: 'C' }
  const { stderr, stdout } = await promisify(execFile)(
    'bash',
    ['--norc', '-c', script, 'time', process.execPath, ...args],
    {
      env,
    },
  )
  const [user = NaN, system = NaN] = stderr.trim().split(' ').map(Number)
  return { ms: Math.round((user + system) * 1000), out: stdout }
}

it(
  `url takes at most ${maxOfEmpty} times as much of a processor as a Node that does nothing`,
  { timeout: 120_000 },
  async () => {
    const plugin = await buildPlugin()
    onTestFinished(() => plugin.remove())
    const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
    const api = connect({ server: server.url })
    onTestFinished(async () => {
      await api.close()
      await server.close()
    })
    await installCrd(api)
    const scale = { target: { name: 'web' }, action: 'up', max: 3 }
    const object = { apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec: { driver: 'scale', scale } }
    const { metadata } = await create(api, hooks, 'default', object)
    const status = {
      observedGeneration: metadata.generation,
      triggerURL: 'http://hooks.example.com/v1/trigger/eyJ4.e30.c2ln',
    }
    await send(api, {
      method: 'PATCH',
      path: `${objectPath(hooks, 'default', 'web-up')}/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status }),
    })
    const kubeconfig = join(plugin.folder, 'kubeconfig')
    writeFileSync(kubeconfig, kubeconfigFor(server.url))
    const program = join(plugin.folder, 'dist', 'kubectl-receiverhook.mjs')
    const rounds: { readonly empty: number; readonly url: number }[] = []
    for (let round = 0; round < 7; round += 1) {
      const { ms, out } = await timed([program, 'url', 'web-up', '-n', 'default'], kubeconfig)
      expect(out).toBe(`${status.triggerURL}\n`)
      rounds.push({ empty: (await timed(['-e', '0'], kubeconfig)).ms, url: ms })
    }
    // The least: what else runs on the machine takes from its caches, and can only add to it.
    const [empty, url] = [Math.min(...rounds.map(round => round.empty)), Math.min(...rounds.map(round => round.url))]
    console.log(
      `url took ${url} ms of a processor, and an empty Node ${empty} ms; the least of ${rounds.length} rounds`,
    )
    expect(empty).toBeGreaterThan(5)
    expect(url).toBeGreaterThan(empty)
    expect(url).toBeLessThanOrEqual(maxOfEmpty * empty)
  },
)
