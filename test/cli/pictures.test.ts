import { describe, expect, it } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { events, hooks } from '../../src/kube/resources.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { conditionsFor } from '../../src/api/conditions.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { deployment } from '../support/objects.ts'
import { until } from '../support/product.ts'
import { shell } from '../support/shell.ts'
import { terminalPicture } from '../support/terminal-picture.ts'

const now = Date.UTC(2026, 0, 15, 10, 0, 0)
const columns = 80

/** Always the same moment; its timers are real. */
const clock: Clock = { ...nodeClock, now: () => now }

const ago = (seconds: number): string => rfc3339(now - seconds * 1000)

const delivery = (seconds: number, sender: string, outcome: string, reason: string, from?: number, to?: number) => ({
  time: ago(seconds),
  sender,
  outcome,
  reason,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
})

const upDeliveries = [
  delivery(40, 'alertmanager', 'applied', 'Stepped', 3, 4),
  delivery(95, 'alertmanager', 'skipped', 'Duplicate'),
  delivery(100, 'alertmanager', 'applied', 'Stepped', 2, 3),
  delivery(3_700, 'plain', 'applied', 'Stepped', 1, 2),
]

const common = {
  observedGeneration: 1,
  minted: { id: 'a', rotation: 0 },
  triggerURL: 'https://hooks.example.com/v1/trigger/eyJa.eyJi.c',
}

const valid = {
  ...common,
  target: 'Deployment/web',
  conditions: conditionsFor(
    undefined,
    {
      reason: 'Valid',
      message: 'the hook is valid, and its URL is published in its status, for anyone who may get the hook',
    },
    [],
    1,
    now - 86_400_000 * 3,
  ),
}

const upStatus = {
  ...valid,
  lastDelivery: upDeliveries[0],
  recent: upDeliveries,
  counts: { applied: 41, skipped: 7 },
}

const downDelivery = delivery(7_300, 'alertmanager', 'applied', 'Stepped', 2, 1)
const downStatus = { ...valid, lastDelivery: downDelivery, recent: [downDelivery], counts: { applied: 38 } }

const queueStatus = {
  ...common,
  target: 'Deployment/queue',
  conditions: conditionsFor(
    {
      reason: 'TargetNotFound',
      message: 'there is no Deployment/queue in namespace shop',
      lasts: 'reconciling',
    },
    { reason: 'Valid', message: '' },
    [],
    1,
    now - 120_000,
  ),
}

/** Hooks as a controller would have left them at that moment. */
const world = async () => {
  const { api, post, url } = await servedInMemory({ clock })
  await post('/apis/apps/v1/namespaces/shop/deployments', deployment('web', 4))
  const setStatus = (name: string, status: object) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(hooks, 'shop', name, 'status'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status }),
    })
  const make = async (name: string, scale: object, spec: object, status: object) => {
    const made = await post(collectionPath(hooks, 'shop'), {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, max: 10, ...scale }, ...spec },
    })
    await setStatus(name, status)
    return made
  }
  const up = await make('web-up', { action: 'up' }, { cooldown: '30s', onResolved: 'undo' }, upStatus)
  await make('web-down', { action: 'down' }, {}, downStatus)
  await make('queue-up', { action: 'up', target: { name: 'queue' } }, {}, queueStatus)
  await post(collectionPath(events, 'shop'), {
    metadata: { name: 'web-up.1' },
    eventTime: `${ago(40).slice(0, -1)}.000000Z`,
    reportingController: 'receiver-hooks',
    reportingInstance: 'a',
    action: 'Deliver',
    type: 'Normal',
    reason: 'Stepped',
    note: 'Deployment/web went from 3 to 4 (sent by alertmanager)',
    regarding: { apiVersion, kind: hookKind, namespace: 'shop', name: 'web-up', uid: up.metadata.uid },
  })
  return { server: url, setStatus }
}

const run = (server: string, line: string, stop = new AbortController(), env = {}) => {
  const seen = shell({ program: 'kubectl receiverhook', columns, isTerminal: true, clock, stop: stop.signal, env })
  const args = [...line.split(' '), '--server', server, '-n', 'shop']
  const ended = runProgram({ entries: commands, version: '', summary: '' }, args, seen.shell)
  return { ...seen, ended, stop }
}

/** Returns what it prints, below the line that was typed. */
const terminal = (line: string, printed: string): string =>
  `\u001B[2m$\u001B[0m kubectl receiverhook ${line}\n${printed}`

describe('the pictures of the command line in docs/images show what it prints', () => {
  it.each([
    ['get', 'Hooks with what they do, their target with its count and bounds, and their last delivery'],
    ['describe web-up', 'A hook in words, with its conditions, its last deliveries and its Events'],
  ])('%s', async (line, title) => {
    const { server } = await world()
    const { ended, err, out } = run(server, line)
    expect({ code: await ended, err: err() }).toEqual({ code: 0, err: '' })
    const name = line.split(' ')[0] ?? ''
    await expect(terminalPicture(title, terminal(line, out()), columns)).toMatchFileSnapshot(
      `../../docs/images/cli-${name}.svg`,
    )
  })

  it('watch', async () => {
    const { server, setStatus } = await world()
    const { ended, err, out, stop } = run(server, 'watch')
    await until(
      () => Promise.resolve(err()),
      text => text.includes('watching'),
    )
    const further = [
      delivery(9, 'alertmanager', 'applied', 'Stepped', 4, 5),
      delivery(8, 'alertmanager', 'skipped', 'Duplicate'),
      delivery(5, 'plain', 'unchanged', 'AtBound', 10, 10),
      delivery(1, 'alertmanager', 'failed', 'TargetNotFound'),
    ]
    let recent: object[] = upDeliveries
    for (const [index, one] of further.slice(0, 3).entries()) {
      recent = [one, ...recent]
      await setStatus('web-up', {
        recent,
        lastDelivery: one,
        counts: { applied: 41, skipped: 7, unchanged: index + 1 },
      })
      await until(
        () => Promise.resolve(out()),
        text => text.trim().split('\n').length > index,
      )
    }
    await setStatus('queue-up', { recent: [further[3]], counts: { failed: 1 } })
    await until(
      () => Promise.resolve(out()),
      text => text.includes('failed'),
    )
    stop.abort()
    await ended
    const title = 'Deliveries as they come: time, hook, sender, outcome, reason, and the count before and after'
    await expect(terminalPicture(title, terminal('watch', err() + out()), columns)).toMatchFileSnapshot(
      '../../docs/images/cli-watch.svg',
    )
  })

  it.each([80, 60, 200])(
    'a table fits a terminal of %i columns, and has no colour where NO_COLOR is set',
    async width => {
      const { server } = await world()
      const seen = shell({ columns: width, isTerminal: true, clock, env: { NO_COLOR: '1' } })
      await runProgram(
        { entries: commands, version: '', summary: '' },
        ['get', '-o', 'wide', '--server', server, '-n', 'shop'],
        seen.shell,
      )
      const lines = seen.out().trimEnd().split('\n')
      expect(lines).toHaveLength(4)
      expect(seen.out()).not.toContain('\u001B')
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 110))
    },
  )
})
