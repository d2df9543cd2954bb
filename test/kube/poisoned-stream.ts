import process from 'node:process'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { Controller } from '../../src/controller/controller.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { inlineExpressions } from '../support/inline-expressions.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { triggerRole } from '../../src/trigger/trigger.ts'
import { seededChance, type Chance } from '../senders/mutations.ts'
import { answerOf } from '../support/deliveries.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { poisoned, poisonedConnection, wholeHook } from './poison.ts'
import { specDefaults } from '../support/hooks.ts'

/** How long the good hook may take to have its URL, and to be served, in virtual milliseconds. */
const withinMs = 150_000
const stepMs = 50

/** What a whole stream may take of a processor, in milliseconds: hundreds of times what one without poison takes. */
const maxUsedMs = 20_000

/** Log lines about a failure that should be handled in the place where it happens. */
const unexpected = /a listener failed|the leader failed|"level":"fatal"/

/** What went wrong in a stream, and what it took of a processor, in milliseconds. */
export interface Streamed {
  readonly wrong: string | undefined
  readonly usedMs: number
}

/** Runs both roles on one poisoned stream, until a good hook has its URL and a post to it has counted. */
export const poisonedStream = async (seed: number): Promise<Streamed> => {
  const before = process.threadCpuUsage()
  const wrong = await streamed(seededChance(seed))
  const { system, user } = process.threadCpuUsage(before)
  const usedMs = (system + user) / 1000
  return { wrong: wrong ?? (usedMs > maxUsedMs ? `it took ${usedMs} ms of a processor` : undefined), usedMs }
}

const streamed = async (chance: Chance): Promise<string | undefined> => {
  const clock = fakeClock()
  const server = connectInProcess(createApiServer({ clock, random: seededRandom(chance(2 ** 31)) }))
  await installLoosely(server)
  await create(
    server,
    { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
    'shop',
    deployment('web', 1),
  )
  for (let stored = chance(4); stored > 0; stored--) await store(server, `stored-${stored}`, chance)

  const api = poisonedConnection(server, chance)
  const environment = testEnvironment({ clock, api, expressions: inlineExpressions(), random: seededRandom(1) })
  const stop = new AbortController()
  const controller = new Controller(environment, { namespace: 'system', identity: 'one', publicURL: 'https://h' })
  const trigger = triggerRole(environment, { namespace: 'system' })
  const running = Promise.all([controller.run(stop.signal), trigger.run(stop.signal)])
  try {
    await clock.advance(chance(2000))
    await create(server, hooks, 'shop', {
      ...wholeHook('good'),
      metadata: { name: 'good' },
      spec: goodSpec,
      status: {},
    })
    const token = await soon(clock, async () => stringAt(await read(server, hooks, 'shop', 'good'), 'status', 'token'))
    if (token === undefined) return 'the good hook has no URL'
    const request = {
      method: 'POST',
      source: '10.0.0.1',
      token,
      query: new URLSearchParams(),
      headers: {},
      body: noBody,
    }
    const post = async (): Promise<unknown> => at(await settled(clock, answerOf(trigger.endpoint, request)), 'status')
    const answered = await soon(clock, async () => ((await post()) === 200 ? 200 : undefined))
    if (answered === undefined) return `a post to the good hook is answered ${String(await post())}`
    return environment.lines.find(line => unexpected.test(line))
  } finally {
    stop.abort()
    await settled(clock, running)
  }
}

const goodSpec = {
  driver: 'scale',
  scale: {
    target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    ...{ action: 'up', by: 1, min: 1, max: 1000, overshoot: 'clamp' },
  },
  ...specDefaults,
  when: "sender == 'plain'",
}

const noBody = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array())

/** What an object of the product's own kinds may be here: anything. */
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** Installs the product's CRDs without their schemas, and the namespaces. */
const installLoosely = async (api: ApiConnection): Promise<void> => {
  const post = (path: string, body: string) => send(api, { method: 'POST', path, body })
  for (const crd of crds) {
    const loose = JSON.stringify(crd, (name, value: unknown) => (name === 'openAPIV3Schema' ? anything : value))
    await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', loose)
  }
  for (const name of ['system', 'shop']) await post('/api/v1/namespaces', JSON.stringify({ metadata: { name } }))
}

/** Stores a hook with anything as its spec and status, so that it can be read, patched and watched as well. */
const store = async (api: ApiConnection, name: string, chance: Chance): Promise<void> => {
  const object = poisoned(wholeHook(name), chance)
  const part = (member: string) => ({ [member]: at(object, member) ?? {} })
  const common = { apiVersion, kind: hookKind, metadata: { name } }
  const created = await create(api, hooks, 'shop', { ...common, ...part('spec') }).catch(() => undefined)
  if (!created) return
  await send(api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(part('status')),
  }).catch(() => undefined)
}

/** Lets time pass until there is something; undefined when there is nothing in time. */
const soon = async <T>(clock: FakeClock, look: () => Promise<T | undefined>): Promise<T | undefined> => {
  for (let passed = 0; passed < withinMs; passed += stepMs) {
    const seen = await look()
    if (seen !== undefined) return seen
    await clock.advance(stepMs)
  }
  return undefined
}

/** Lets time pass until something has settled. */
const settled = async <T>(clock: FakeClock, made: Promise<T>): Promise<T> => {
  const over = new AbortController()
  void made.finally(() => over.abort()).catch(() => undefined)
  for (let step = 0; !over.signal.aborted && step < withinMs / stepMs; step++) await clock.advance(stepMs)
  if (!over.signal.aborted) throw new Error('it does not come to an end')
  return await made
}
