import { expect, it } from 'vitest'
import type { StreamEvent } from '../../../dashboard/protocol.ts'
import { followCounts } from '../../../dashboard/server/counts.ts'
import { WatchRefused } from '../../../src/environment/unreachable.ts'
import { fakeClock, settle } from '../../support/clock.ts'
import { testEnvironment } from '../../support/environment.ts'
import { answer, scriptedConnection, type Scripted } from '../../support/scripted-connection.ts'

const deployment = (name: string, version: number, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: String(version), generation: 1 },
  spec: { replicas },
  status: { readyReplicas: replicas },
})

const listOf = (version: number, ...items: readonly object[]) =>
  answer(200, { items, metadata: { resourceVersion: String(version) } })

/** Follows the counts of Deployments, which a test answers for. */
const follow = async (deployments: Scripted, opens?: Parameters<typeof scriptedConnection>[1]) => {
  const clock = fakeClock()
  const api = scriptedConnection(deployments, opens)
  const events: StreamEvent[] = []
  const stop = new AbortController().signal
  followCounts({ ...testEnvironment({ clock }), api }, 'shop', stop, event => void events.push(event))(['Deployment'])
  await settle()
  return { api, clock, events }
}

const count = (name: string, replicas: number) => ({ key: `shop/Deployment/${name}`, replicas, ready: replicas })

it('a target that is deleted has no count', async () => {
  const { api, clock, events } = await follow(() => listOf(10, deployment('web', 1, 3), deployment('api', 2, 2)))
  expect(events).toEqual([
    { type: 'recount', kind: 'Deployment' },
    { type: 'counts', counts: [count('web', 3), count('api', 2)] },
  ])
  api.watches[0]?.send(
    { type: 'MODIFIED', object: deployment('api', 11, 4) },
    { type: 'DELETED', object: deployment('web', 12, 3) },
  )
  await clock.advance(100)
  expect(events.slice(2)).toEqual([
    { type: 'countless', keys: ['shop/Deployment/web'] },
    { type: 'counts', counts: [count('api', 4)] },
  ])
})

it('a new list ends the counts from before it, those too that were not sent yet', async () => {
  const { api, clock, events } = await follow(
    (_, lists) => (lists === 0 ? listOf(10, deployment('web', 1, 3)) : listOf(20, deployment('api', 15, 1))),
    (_, watches) => (watches === 1 ? new WatchRefused(410, 'too old') : undefined),
  )
  api.watches[0]?.send({ type: 'MODIFIED', object: deployment('web', 11, 4) })
  api.watches[0]?.cut()
  await clock.advance(60)
  await clock.advance(5_000)
  expect(events.slice(-2)).toEqual([
    { type: 'recount', kind: 'Deployment' },
    { type: 'counts', counts: [count('api', 1)] },
  ])
})
