import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { explain } from '../../cli/explain.ts'
import { cliCommands } from '../../cli/registry.ts'
import { runProgram } from '../../cli/program.ts'
import { listen } from '../../src/environment/listen.ts'
import { until } from '../support/product.ts'
import { shell } from '../support/shell.ts'
import { specDefaults } from '../support/hooks.ts'

/** A window's title, a cleared screen, what is typed by an answer of the terminal, and each way to begin a sequence. */
const evil = '\u001B]0;pwned\u0007\u001B[2J\u001B[5n\u009B31m\u0090x\u009C\u007F\rdone'

const token = 'eyJ4.e30.c2ln'
const hook = (base: string) => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    driver: 'scale',
    scale: {
      target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      action: 'up',
      by: 1,
      min: 1,
      max: 9,
      overshoot: 'clamp',
    },
    ...specDefaults,
    when: `body.x == "${evil}"`,
  },
  status: {
    observedGeneration: 1,
    target: evil,
    triggerURL: `${base}/v1/trigger/${token}`,
    token,
    conditions: [
      { type: 'Ready', status: 'False', reason: evil, message: evil, lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
    recent: [{ time: '2026-01-01T00:00:00Z', sender: evil, outcome: evil, reason: evil, summary: evil }],
  },
})

/** Returns an API server and a trigger of somebody who means ill: every text of theirs holds sequences for the terminal. */
const malicious = async (): Promise<string> => {
  const server = createServer((request, response) => {
    const base = `http://${request.headers.host}`
    response.setHeader('content-type', 'application/json')
    if (request.url?.includes('/v1/trigger/') === true) {
      response.statusCode = request.url.includes('dryRun') ? 200 : 500
      response.end(JSON.stringify({ message: evil, outcome: evil, reason: evil }))
    } else if (request.url?.includes('watch=') === true) {
      response.write(
        `${JSON.stringify({ type: 'MODIFIED', object: { ...hook(base), metadata: { ...hook(base).metadata, uid: 'u2' } } })}\n`,
      )
    } else if (/receiverhooks\/\w/.test(request.url ?? '')) {
      if (request.url?.includes('nosuch') === true) {
        response.statusCode = 500
        response.end(JSON.stringify({ kind: 'Status', code: 500, reason: evil, message: evil }))
      } else response.end(JSON.stringify(hook(base)))
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [hook(base)] }))
  })
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
}

it.each([
  ['get'],
  ['get', '-o', 'jsonpath={.items[0].status.target}'],
  ['describe', 'web-up'],
  ['url', 'web-up'],
  ['url', 'nosuch'],
  ['trigger', 'web-up', '--dry-run'],
  ['trigger', 'web-up'],
  ['trigger', 'web-up', '-o', 'json'],
  ['watch'],
  ['snippet', 'curl', 'web-up'],
  ['snippet', evil, 'web-up'],
])('sends a terminal no sequence from elsewhere: %j %j %j', async (...typed) => {
  const server = await malicious()
  const stop = new AbortController()
  const seen = shell({ isTerminal: true, columns: 100, stop: stop.signal, env: { NO_COLOR: '1' } })
  const program = { entries: cliCommands, version: '', summary: '' }
  const args = [...typed, '--server', server, ...(typed[0] === 'trigger' ? ['--public-url', server] : []), '-n', 'shop']
  const running = runProgram(program, args, seen.shell).catch((error: unknown) => explain(error, seen.shell).message)
  if (typed[0] === 'watch') {
    await until(
      async () => seen.out(),
      text => text.includes('done'),
    )
    stop.abort()
  }
  const failed = await running
  const text = seen.out() + seen.err() + (typeof failed === 'string' ? failed : '')
  expect(text).not.toBe('')
  expect(text.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u)
})

it('keeps the colours of the product', async () => {
  const server = await malicious()
  const seen = shell({ isTerminal: true, columns: 100 })
  const program = { entries: cliCommands, version: '', summary: '' }
  await runProgram(program, ['get', '--server', server], seen.shell)
  expect(seen.out()).toContain('\u001B[1m')
})
