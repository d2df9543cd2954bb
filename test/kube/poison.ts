import { at, isObject, tryParseJson } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse, WatchLine } from '../../src/environment/environment.ts'
import { collectionPath, type ResourceType } from '../../src/kube/paths.ts'
import { autoscalers, hooks, records } from '../../src/kube/resources.ts'
import { changed, damaged, type Chance } from '../senders/mutations.ts'

/** Returns a whole hook, as it could be stored: what is damaged of it is what a poisoned one has. */
export const wholeHook = (name: string) => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name,
    namespace: 'shop',
    uid: '6b3c1d9e-0000-4000-8000-000000000001',
    resourceVersion: '7',
    generation: 3,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b', controller: true }],
  },
  spec: {
    driver: 'scale',
    scale: {
      target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' },
      ...{ action: 'up', by: '25%', min: 1, max: 10, overshoot: 'clamp' },
    },
    suspend: false,
    when: "body.ref == 'x'",
    onResolved: 'undo',
    cooldown: '1m',
    dedupeWindow: '40s',
    token: { rotation: 2, overlap: '5m', expiresAfter: '1h', secretName: 'urls' },
    auth: { hmac: { secretKeyRef: { name: 'senders', key: 'token' }, header: 'X-Signature', prefix: 'sha256=' } },
  },
  status: {
    observedGeneration: 3,
    target: 'Deployment/other',
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
    token: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA',
    triggerURL: 'https://hooks.example.com/v1/trigger/eyJhbGciOiJFZERTQSJ9.e30.AAAA',
    minted: { id: 'a', rotation: 2, expiresAt: '2026-01-01T01:00:00Z', previous: { rotation: 1 } },
    lastDelivery: {
      time: '2026-01-01T00:00:00Z',
      sender: 'plain',
      outcome: 'applied',
      reason: 'Stepped',
      from: 1,
      to: 2,
    },
    recent: [{ time: '2026-01-01T00:00:00Z', sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 1, to: 2 }],
    counts: { applied: 1, unchanged: 0, skipped: 0, rejected: 0, failed: 0 },
  },
})

const wholeRecord = (name: string) => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHookRecord',
  metadata: { ...wholeHook(name).metadata },
  content: JSON.stringify({
    rows: [
      { key: 'a', at: 1, from: 1, to: 2, claim: { mark: 'm', target: 'a/v1/b/C/d', uid: 'u', version: '1', to: 2 } },
    ],
    counts: { applied: 1 },
    recent: [{ at: 1, sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 1, to: 2 }],
    parts: [{ key: 'g', object: 0, delta: 1, since: '1', at: 1 }],
  }),
})

const wholeAutoscaler = (name: string) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { ...wholeHook(name).metadata },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' },
    minReplicas: 1,
    maxReplicas: 3,
  },
})

const poisonable: readonly { readonly type: ResourceType; readonly whole: (name: string) => object }[] = [
  { type: hooks, whole: wholeHook },
  { type: records, whole: wholeRecord },
  { type: autoscalers, whole: wholeAutoscaler },
]

const wholeFor = (path: string) =>
  poisonable.find(({ type }) => path === collectionPath(type) || path === collectionPath(type, 'shop'))?.whole

/** Returns an object of which something is missing, or not what it should be. Never one of another name than its own. */
export const poisoned = (whole: object, chance: Chance): unknown => {
  const object = changed(JSON.stringify(whole), whole, chance)
  const metadata = at(object, 'metadata')
  // The API server itself gives each object its version: it can be missing, and never be something else.
  if (isObject(metadata) && metadata['resourceVersion'] !== undefined) Reflect.set(metadata, 'resourceVersion', '7')
  const content = at(object, 'content')
  if (!isObject(object) || typeof content !== 'string' || chance(2) === 0) return object
  const inside = chance(2) === 0 ? damaged(content, chance) : JSON.stringify(changed(content, whole, chance))
  return { ...object, content: inside }
}

const eventTypes = ['ADDED', 'ADDED', 'MODIFIED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR', '', 'added', null, 1]

/** How many poisoned answers and lines one stream has at most: after them it is what the API server says. */
const maxPoison = 12

/**
 * Returns a connection whose lists and watches of hooks, records and autoscalers are damaged. They
 * have whole objects with something wrong in them, cut lines and answers, and events of no known
 * type.
 */
export const poisonedConnection = (api: ApiConnection, chance: Chance): ApiConnection => {
  let left = chance(maxPoison)
  let names = 0
  const poison = (whole: (name: string) => object): unknown => {
    left -= 1
    return poisoned(whole(`poison-${names++}`), chance)
  }

  const several = (most: number): number => Math.min(left, chance(most))

  const poisonedList = (answer: ApiResponse, whole: (name: string) => object): ApiResponse => {
    const spoiled = damaged(answer.body, chance)
    // One that can still be read could name another version, after which no change would be missed or reported.
    if (chance(8) === 0 && tryParseJson(spoiled) === undefined) {
      left -= 1
      return { ...answer, body: spoiled }
    }
    const list = tryParseJson(answer.body)
    const items = at(list, 'items')
    if (!isObject(list) || !Array.isArray(items)) return answer
    const all: unknown[] = items
    for (let more = several(5); more > 0; more--) all.splice(chance(all.length + 1), 0, poison(whole))
    return { ...answer, body: JSON.stringify(list) }
  }

  const poisonedLine = (whole: (name: string) => object): string => {
    const line = JSON.stringify({ type: eventTypes[chance(eventTypes.length)], object: poison(whole) })
    return chance(6) === 0 ? damaged(line, chance) : line
  }

  async function* poisonedWatch(request: ApiRequest, stop: AbortSignal): AsyncGenerator<WatchLine> {
    const whole = wholeFor(request.path)
    const poisonedLines = (most: number): string[] =>
      whole ? Array.from({ length: several(most) }, () => poisonedLine(whole)) : []
    yield* poisonedLines(4)
    for await (const line of api.watch(request, stop)) {
      yield* poisonedLines(2)
      yield line
    }
  }

  return {
    request: async request => {
      const answer = await api.request(request)
      const whole = request.method === 'GET' && answer.status === 200 ? wholeFor(request.path) : undefined
      return whole && left > 0 ? poisonedList(answer, whole) : answer
    },
    watch: (request, stop) => Object.assign(poisonedWatch(request, stop), { ask: () => Promise.resolve(undefined) }),
  }
}
