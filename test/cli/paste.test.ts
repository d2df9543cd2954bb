import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { deliveryLine } from '../../cli/commands/watch.ts'
import { explain } from '../../cli/explain.ts'
import { readably } from '../../cli/output/terminal.ts'
import { messageLines } from '../../cli/output/wrap.ts'
import { commands } from '../../src/registry.ts'
import { runProgram } from '../../cli/program.ts'
import { problemEvent } from '../../src/controller/events.ts'
import { listen } from '../../src/environment/listen.ts'
import { shell } from '../support/shell.ts'
import { specDefaults } from '../support/hooks.ts'

/** What a message says can be copied from a terminal of 80 columns, and run. */

const command =
  'kubectl -n shop create rolebinding receiver-hooks-redeploy --clusterrole=receiver-hooks-redeploy --serviceaccount=receiver-hooks:receiver-hooks-trigger'
const lack =
  'the trigger may not patch deployments.apps in namespace shop, which this hook needs. An administrator can grant it with'

const forbidden = {
  type: 'Ready',
  status: 'False',
  reason: 'Forbidden',
  message: `${lack}: ${command}`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
}
const hook = {
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name: 'web-push',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    driver: 'redeploy',
    redeploy: { target: { kind: 'Deployment', name: 'web' }, pin: 'tag', withoutImage: 'skip' },
    ...specDefaults,
  },
  status: { observedGeneration: 1, target: 'Deployment/web', conditions: [forbidden] },
}
const { status: _, ...stored } = hook
const event = {
  type: 'Warning',
  reason: 'Forbidden',
  message: problemEvent(stored, { reason: 'Forbidden', message: `${lack}: ${command}`, lasts: 'stalled' })?.note,
  metadata: { name: 'e1' },
  lastTimestamp: '2026-01-01T00:00:00Z',
}

/** Serves an API server that knows this hook alone. */
const serve = async (): Promise<string> => {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    response.setHeader('content-type', 'application/json')
    if (request.method === 'POST') response.statusCode = 201
    if (path.endsWith('/v1alpha1')) response.end(JSON.stringify({ resources: [{ name: 'receiverhooks' }] }))
    else if (request.method === 'POST' || path.includes('/receiverhooks/')) response.end(JSON.stringify(hook))
    else if (path.includes('/receiverhooks'))
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [hook] }))
    else if (path.includes('/events'))
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [event] }))
    else {
      response.statusCode = 404
      response.end(JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' }))
    }
  })
  onTestFinished(() => void server.close())
  onTestFinished(() => server.closeAllConnections())
  return `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
}

const said = async (...typed: readonly string[]): Promise<readonly string[]> => {
  const seen = shell({ isTerminal: true, columns: 80, env: { NO_COLOR: '1' } })
  const program = { entries: commands, version: '', summary: '' }
  const args = [...typed, '--server', await serve(), '-n', 'shop']
  await runProgram(program, args, seen.shell).catch((error: unknown) =>
    readably(seen.shell.err).write(explain(error, seen.shell).message),
  )
  return (seen.out() + seen.err()).split('\n')
}

it.each([
  [['describe', 'web-push']],
  [['doctor']],
  [['create', 'web-push', '--driver', 'redeploy', '--target', 'web']],
])('%j breaks no command, and no line of words past the edge', async typed => {
  const lines = await said(...typed)
  expect(lines.map(line => line.trim())).toContain(command)
  const words = lines.filter(line => / /.test(line.trim()) && !/^ *kubectl /.test(line))
  expect(words.filter(line => line.length > 80)).toEqual([])
  expect(lines.join('\n')).not.toMatch(/trigger[.)]( |$)/)
})

it('an Event has the command between backticks, and no full stop behind it', () => {
  expect(event.message).toContain(`An administrator can grant it with: \`${command}\`. Do what the message says`)
})

it('a message without a command is broken at blanks', () => {
  const text = 'there is no Deployment/nosuch in namespace shop. Create it, or correct `target`. The hook becomes Ready'
  expect(messageLines(text, 40).every(line => line.length <= 40)).toBe(true)
  expect(messageLines(text, 40).join(' ')).toBe(text)
  expect(messageLines(text, undefined)).toEqual([text])
})

it('what is wrong with a command line is broken at blanks on a terminal', async () => {
  const lines = await said('create', 'floor', '--target', 'foo/api', '--action', 'up', '--max', '3')
  expect(lines.join(' ')).toContain('cannot be scaled: use one of')
  expect(lines.filter(line => line.length > 80)).toEqual([])
})

it('watch writes below what has no room in its line', () => {
  const delivery = {
    time: '2026-01-01T00:00:00Z',
    sender: 'docker-hub',
    outcome: 'applied' as const,
    reason: 'RolledOut' as const,
    summary: 'rolled out Deployment/web: web from nginx:1.29 to nginx:1.31.2-alpine',
  }
  const line = (width: number | undefined): string => deliveryLine('shop/web-push', delivery, (_, text) => text, width)
  expect(line(undefined).trimEnd().split('\n')).toHaveLength(1)
  const lines = line(80).trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toBe(`          ${delivery.summary}`)
  expect(lines.every(text => text.length <= 80)).toBe(true)
})
