/**
 * What the product costs, for the developers' page on performance: from start to ready, and resident memory, idle and with 1,000 hooks. Runs the
 * bundle, both roles in one process, against an in-memory API server in a process of its own. With --write the table in
 * contributing/performance.md is replaced.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../src/api/json.ts'
import { apiVersion, hookKind } from '../src/api/names.ts'
import { connect, nodeClock } from '../src/environment/node.ts'
import { wait } from '../src/environment/wait.ts'
import { send } from '../src/kube/requests.ts'

const rounds = 5
const manyHooks = 1000
const manyPosts = 200
const burstScale = { target: { name: 'web' }, action: 'up', max: 500 }
const settleMs = 5000

const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-costs-'))
const kubeconfig = join(folder, 'kubeconfig')
const children: ChildProcess[] = []

const start = (args: readonly string[]): ChildProcess => {
  const child = spawn(process.execPath, ['dist/receiver-hooks.mjs', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  return child
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds().catch(() => false))) await wait(nodeClock, 5)
}

const residentMiB = (child: ChildProcess): number => {
  const kB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kB) / 1024)
}

/** Returns the median. One run alone says more of the machine than of the product. */
const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN

const operationsPort = 18_081
const triggerPort = 18_080
const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${operationsPort}/readyz`)).ok

const startProduct = async (): Promise<{ product: ChildProcess; ms: number }> => {
  const began = performance.now()
  const product = start([
    ...['--kubeconfig', kubeconfig, '--namespace', 'receiver-hooks', '--host', '127.0.0.1'],
    ...['--trigger-port', String(triggerPort)],
    ...['--operations-port', String(operationsPort), '--shutdown-delay', '0', '--log-level', 'error'],
  ])
  await until(ready)
  return { product, ms: performance.now() - began }
}

const hook = (index: number) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name: `hook-${index}` },
  spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
})

try {
  console.log('Starting an in-memory API server …')
  const playgroundBegan = performance.now()
  const playground = start([
    'playground',
    '--api-port',
    '0',
    '--trigger-port',
    '0',
    '--operations-port',
    '0',
    '--kubeconfig',
    kubeconfig,
  ])
  await until(async () => readFileSync(kubeconfig, 'utf8').length > 0)
  const playgroundMs = performance.now() - playgroundBegan
  const [first] = [at(parse(readFileSync(kubeconfig, 'utf8')), 'clusters')].flat()
  const api = connect({ server: stringAt(first, 'cluster', 'server') ?? '' })

  console.log(`Starting the product ${rounds} times …`)
  const starts: number[] = []
  const idle: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { product, ms } = await startProduct()
    starts.push(ms)
    await wait(nodeClock, 1000)
    idle.push(residentMiB(product))
    await end(product)
  }

  console.log(`With ${manyHooks} hooks …`)
  const { product } = await startProduct()
  const path = `/apis/${apiVersion}/namespaces/shop/receiverhooks`
  const began = performance.now()
  for (let index = 0; index < manyHooks; index++) {
    await send(api, { method: 'POST', path, body: JSON.stringify(hook(index)) })
  }
  const list = async (): Promise<unknown[]> => {
    const response = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
    const items = at(JSON.parse(response.body), 'items')
    return Array.isArray(items) ? items.filter(isObject) : []
  }
  await until(async () => (await list()).every(item => stringAt(item, 'status', 'triggerURL') !== undefined))
  const mintedMs = performance.now() - began
  await wait(nodeClock, settleMs)
  const full = residentMiB(product)
  await end(product)
  const again = await startProduct()
  await wait(nodeClock, settleMs)
  const fullAgain = residentMiB(again.product)

  const burst = hook(manyHooks)
  const burstPath = `${path}/hook-${manyHooks}`
  await send(api, {
    method: 'POST',
    path,
    body: JSON.stringify({ ...burst, spec: { ...burst.spec, scale: burstScale } }),
  })
  const urlOf = async (): Promise<string> =>
    stringAt(await send(api, { method: 'GET', path: burstPath }), 'status', 'triggerURL') ?? ''
  await until(async () => (await urlOf()) !== '')
  const url = (await urlOf()).replace(/^.*(?=[/]v1[/])/, `http://127.0.0.1:${triggerPort}`)
  const burstBegan = performance.now()
  const answers = await Promise.all(Array.from({ length: manyPosts }, () => fetch(url, { method: 'POST' })))
  const burstMs = performance.now() - burstBegan
  if (answers.some(({ status }) => status !== 200)) throw new Error('a post was not answered with 200')

  const table = [
    '| what | figure |',
    '|---|---|',
    `| from start to ready | ${Math.round(median(starts))} ms |`,
    `| from start to ready with ${manyHooks.toLocaleString('en')} hooks | ${Math.round(again.ms)} ms |`,
    `| ${manyPosts} posts at once for one target, until all are answered | ${Math.round(burstMs)} ms |`,
    `| the playground, from start to ready | ${Math.round(playgroundMs)} ms |`,
    `| resident memory, idle | ${median(idle)} MiB |`,
    `| resident memory after minting ${manyHooks.toLocaleString('en')} hooks | ${full} MiB |`,
    `| resident memory, started with ${manyHooks.toLocaleString('en')} hooks | ${fullAgain} MiB |`,
    `| ${manyHooks.toLocaleString('en')} hooks created one after another, until the last has its URL | ${(mintedMs / 1000).toFixed(1)} s |`,
  ].join('\n')
  console.log(
    `\n${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}\n\n${table}`,
  )
  if (process.argv.includes('--write')) {
    const page = readFileSync('contributing/performance.md', 'utf8')
    writeFileSync(
      'contributing/performance.md',
      page.replace(/(<!-- costs:begin -->\n)[^]*(<!-- costs:end -->)/, `$1${table}\n$2`),
    )
  }
  await api.close()
  await end(again.product)
  await end(playground)
} finally {
  await Promise.all(children.map(end))
  rmSync(folder, { recursive: true })
}
