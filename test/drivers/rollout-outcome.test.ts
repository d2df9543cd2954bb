import { describe, expect, it } from 'vitest'
import type { Acts } from '../../src/acts/acts.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { redeploy } from '../../src/drivers/redeploy/redeploy.ts'
import { restart } from '../../src/drivers/restart/restart.ts'
import { rolloutOutcome, type Rollout } from '../../src/drivers/rollouts/outcome.ts'
import { planOfNothing } from '../../src/drivers/rollouts/plan.ts'
import type { Execution } from '../../src/drivers/driver.ts'
import { StepService } from '../../src/steps/service.ts'
import { ask } from '../apiserver/ask.ts'
import { fakeClock } from '../support/clock.ts'
import { contextOf } from '../support/deliveries.ts'
import { noDefinitions, testEnvironment } from '../support/environment.ts'

const execution = (): Execution & { make: (kind: string, spec: object, status: object) => void } => {
  const { patch, post, server } = ask()
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const acts: Acts = {
    once: async work =>
      (
        await work(
          { id: 'act-1', at: 0 },
          () => Promise.resolve(true),
          () => {},
        )
      ).outcome,
    settle: () => Promise.resolve(true),
  }
  return {
    hook: { namespace: 'shop', name: 'restart-db', uid: 'h' },
    api: connectInProcess(server),
    acts,
    outbound: () => Promise.reject(new Error('it sends nothing')),
    clock: fakeClock(),
    countKept: () => true,
    charge: () => {},
    definitions: noDefinitions,
    post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams() },
    step: new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
    stepOfPart: () => new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
    make: (kind, spec, status) => {
      const labels = { app: 'db' }
      const template = { metadata: { labels }, spec: { containers: [{ name: 'db', image: 'acme/db:1' }] } }
      const path = `/apis/apps/v1/namespaces/shop/${kind.toLowerCase()}s`
      const whole = { selector: { matchLabels: labels }, template, ...spec }
      post(path, { apiVersion: 'apps/v1', kind, metadata: { name: 'db' }, spec: whole })
      patch(`${path}/db/status`, 'merge', { status: { observedGeneration: 1, ...status } })
    },
  }
}

const named = (kind: 'StatefulSet' | 'DaemonSet' | 'Deployment') => ({ target: { kind, name: 'db' } })
const delivery = { phase: 'none', sender: 'plain' } as const

describe('a restart', () => {
  it.each([
    ['StatefulSet', { replicas: 3 }, { replicas: 3, updatedReplicas: 3, availableReplicas: 2 }],
    ['DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }],
  ] as const)('of a %s with a pod that is not ready says so, and of no rollout', async (kind, spec, status) => {
    const here = execution()
    here.make(kind, spec, status)
    const message = `2 of 3 pods are available in ${kind}/db: nothing is restarted until all are`
    expect(await restart.execute(named(kind))(delivery, here)).toEqual({
      ...{ outcome: 'skipped', reason: 'RolloutRunning', message },
    })
  })

  it('of a StatefulSet whose partition keeps every pod is not said to be one', async () => {
    const here = execution()
    const pods = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 }
    here.make('StatefulSet', { replicas: 3, updateStrategy: { rollingUpdate: { partition: 3 } } }, pods)
    expect(await restart.execute(named('StatefulSet'))(delivery, here)).toEqual({
      outcome: 'failed',
      reason: 'NothingRestarts',
      message:
        'nothing restarts the pods of StatefulSet/db: its update strategy is OnDelete, or its partition keeps every pod',
    })
  })

  it.each([
    ['StatefulSet', { replicas: 3 }, { replicas: 3, updatedReplicas: 2, availableReplicas: 2 }],
    ['Deployment', { replicas: 3 }, { replicas: 3, updatedReplicas: 3, availableReplicas: 2 }],
  ] as const)('of a %s that rolls out says that', async (kind, spec, status) => {
    const here = execution()
    here.make(kind, spec, status)
    expect(await restart.execute(named(kind))(delivery, here)).toMatchObject({
      message: `a rollout of ${kind}/db is still running: nothing is restarted on top of it`,
    })
  })

  it.each([
    ['Deployment', { paused: true }, 'RolloutPaused'],
    ['StatefulSet', { updateStrategy: { type: 'OnDelete' } }, 'NothingRestarts'],
    ['StatefulSet', { updateStrategy: { rollingUpdate: { partition: 1 } } }, 'NothingRestarts'],
  ] as const)(
    'by a post without an image, of a %s that starts no pods, is not said to be one',
    async (kind, spec, reason) => {
      const here = execution()
      here.make(kind, spec, {})
      const member = { ...named(kind), pin: 'tag', withoutImage: 'restart' } as const
      expect(await redeploy.execute(member)(delivery, here)).toMatchObject({ outcome: 'failed', reason })
    },
  )
})

describe('the result of several workloads', () => {
  const out = (name: string): Rollout => ({
    name,
    rolled: { rolled: 'out', changes: [{ object: name, part: 'app', from: '1', to: '2' }], marks: new Set() },
  })
  const names = ['Deployment/f', 'Deployment/a', 'Deployment/b', 'Deployment/c', 'Deployment/d', 'Deployment/e']
  const message = (outcome: Outcome): string => ('message' in outcome ? outcome.message : '')

  it('names those that are left, five at most', () => {
    const left = names.map((name): Rollout => ({ name, rolled: { rolled: 'left', mayBeStored: false } }))
    expect(message(rolloutOutcome([out('Deployment/web'), ...left], 'acme/web:2').outcome)).toBe(
      '1 of 7 workloads are done, but not Deployment/a, Deployment/b, Deployment/c, Deployment/d, Deployment/e and 1 more; sending the same post again does the rest',
    )
  })

  it('names those that a copy has passed over, next to those that are done', () => {
    const before: Rollout = { name: 'Deployment/a', rolled: { rolled: 'nothing', ...planOfNothing('done before') } }
    const running: Rollout = { name: 'Deployment/b', rolled: { rolled: 'nothing', ...planOfNothing('running') } }
    expect(rolloutOutcome([before, running], undefined).outcome).toMatchObject({
      outcome: 'unchanged',
      summary: 'Deployment/a; Deployment/b not, since a rollout is running, paused or manual there',
    })
  })

  it('names those whose nodes never pull the image', () => {
    const never: Rollout = { name: 'Deployment/local', rolled: { rolled: 'nothing', ...planOfNothing('never pulled') } }
    expect(rolloutOutcome([out('Deployment/web'), never], 'acme/web:2').outcome).toMatchObject({
      outcome: 'applied',
      summary:
        'rolled out Deployment/web: app from 1 to 2; Deployment/local not, since no node pulls the image there: imagePullPolicy is Never',
    })
  })
})
