import { describe, expect, it } from 'vitest'
import type { Acts } from '../../src/acts/acts.ts'
import { actService } from '../../src/acts/once.ts'
import { keyOf } from '../../src/api/hash.ts'
import { at, isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { has } from '../../src/api/guard.ts'
import { redeploy } from '../../src/drivers/redeploy/redeploy.ts'
import { annotationPrefix } from '../../src/drivers/rollouts/plan.ts'
import { redeploySchema } from '../../src/drivers/redeploy/schema.ts'
import { crds } from '../../src/drivers/registry.ts'
import { patched } from '../../src/apiserver/patch.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { openLedgers } from '../../src/record/ledgers.ts'
import { listAt } from '../deploy/manifests.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { noDefinitions, noOutbound, testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { seededChance } from '../senders/mutations.ts'

/** A flaw that the product does not have, and that these histories have to find. */
const mistakes = [
  'no evidence',
  'no version',
  'no order',
  'whole objects instead of patches',
  'random names',
  'done before the work',
  'blind to rollbacks',
] as const
type Mistake = 'none' | (typeof mistakes)[number]

const annotation = `${annotationPrefix}app`
const workloads = ['w0', 'w1', 'w2', 'w3']
const path = '/apis/apps/v1/namespaces/shop/deployments'
const deliveries = 7

const member: unknown = { selector: {}, tags: { glob: '*' }, pin: 'tag', withoutImage: 'skip' }

/** Hides what earlier writes have left behind. */
const blind = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll(annotation, 'hidden/app') }
  },
})

/** Hides when the newest push of a workload was made. */
const timeless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll(new RegExp(`("${annotation}":")\\d+ `, 'g'), '$10 ') }
  },
})

/** Hides who has written what. */
const ownerless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll('"managedFields"', '"hidden"') }
  },
})

/** Writes a workload as it was read, with what is new: what others have changed since is lost. */
const overwriting = (api: ApiConnection): ApiConnection => {
  const seen = new Map<string, JsonObject>()
  const see = (object: unknown): void => {
    const name = stringAt(object, 'metadata', 'name')
    if (isObject(object) && name !== undefined) seen.set(`${path}/${name}`, object)
  }
  return {
    watch: (request, stop) => api.watch(request, stop),
    request: async request => {
      const before = seen.get(request.path)
      if (request.method === 'PATCH' && before) {
        const now = patched(before, request.contentType ?? '', request.body ?? '', false)
        const body = JSON.stringify({
          ...now,
          metadata: { ...(isObject(now['metadata']) && now['metadata']), resourceVersion: undefined },
        })
        return await api.request({ ...request, method: 'PUT', contentType: 'application/json', body })
      }
      const answer = await api.request(request)
      const found = parseJson(answer.body)
      if (request.path === path) listAt(found, 'items').forEach(see)
      if (request.path.startsWith(`${path}/`)) see(found)
      return answer
    },
  }
}

/** Does the work of acts in a wrong way. */
const spoiled = (acts: Acts, mistake: Mistake, random: () => string): Acts => {
  switch (mistake) {
    case 'random names':
      return {
        once: (work, how) =>
          acts.once((act, mayContinue, progress) => work({ ...act, id: random() }, mayContinue, progress), how),
      }
    case 'done before the work':
      return {
        once: (work, how) =>
          acts.once((act, mayContinue, progress) => {
            void work(act, mayContinue, progress)
            return Promise.resolve({
              worked: 'done',
              outcome: { outcome: 'applied', reason: 'RolledOut', summary: '', changes: [] },
            })
          }, how),
      }
    case 'none':
    case 'no evidence':
    case 'no order':
    case 'no version':
    case 'whole objects instead of patches':
    case 'blind to rollbacks':
      return acts
  }
}

/** Leaves out of which version of an object a patch was made. */
const careless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: request => {
    const patch = request.method === 'PATCH' ? parseJson(request.body ?? '') : undefined
    if (!Array.isArray(patch)) return api.request(request)
    const body = patch.filter(operation => stringAt(operation, 'path') !== '/metadata/resourceVersion')
    return api.request({ ...request, body: JSON.stringify(body) })
  },
})

const wrongWays: Partial<Record<Mistake, (api: ApiConnection) => ApiConnection>> = {
  'no evidence': blind,
  'no order': timeless,
  'no version': careless,
  'whole objects instead of patches': overwriting,
  'blind to rollbacks': ownerless,
}

/** What `kubectl rollout undo` sets back: the image, and the annotation that names the pushes. */
interface Revision {
  readonly image: string
  readonly note: string | undefined
}

const revisionOf = (object: unknown): Revision => ({
  image: stringAt(listAt(object, 'spec', 'template', 'spec', 'containers')[0], 'image') ?? '',
  note: stringAt(object, 'metadata', 'annotations', annotation),
})

/** Runs one history: three processes, crashes, lost and late answers, copies, and somebody else who writes. Says what is wrong. */
const history = async (seed: number, mistake: Mistake): Promise<readonly string[]> => {
  const chance = seededChance(seed)
  const clock = fakeClock()
  const server = createApiServer({ clock, random: seededRandom(seed) })
  const handle = (request: ApiRequest): ApiResponse =>
    server.handle({
      method: request.method,
      path: request.path,
      query: request.query ?? {},
      contentType: request.contentType ?? 'application/json',
      ...(request.body !== undefined && { body: request.body }),
      ...(request.as === 'metadata' && { accept: 'application/json;as=PartialObjectMetadata' }),
    })
  const admin = (method: ApiRequest['method'], where: string, body: object, contentType?: string): unknown => {
    const answer = handle({
      method,
      path: where,
      body: JSON.stringify(body),
      lane: 'bulk',
      timeoutMs: 1,
      ...(contentType !== undefined && { contentType }),
    })
    if (answer.status > 201) throw new Error(answer.body)
    return parseJson(answer.body)
  }
  for (const crd of crds) admin('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  admin('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  const hook = admin('POST', '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks', {
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'push' },
    spec: { driver: 'redeploy', redeploy: { selector: {} } },
  })
  const uid = stringAt(hook, 'metadata', 'uid') ?? ''
  for (const name of workloads) {
    const template = {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'app', image: 'acme/app:start' }] },
    }
    admin('POST', path, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    })
  }

  const wrong: string[] = []
  /** Each push that was stored in a workload, in order. */
  const stored: { readonly workload: string; readonly id: string; readonly at: number }[] = []
  /** What each workload ran before, the oldest first, and who has set what it runs. */
  const former = new Map<string, Revision[]>(workloads.map(name => [name, []]))
  const writers = new Map<string, { readonly manager: string; readonly time: string }>()
  const undone: { readonly workload: string; readonly at: number }[] = []
  /** Returns an object with what the real server keeps in managedFields of the fields that a rollback sets back. */
  const withWriter = (object: unknown): unknown => {
    const writer = writers.get(stringAt(object, 'metadata', 'name') ?? '')
    if (!isObject(object) || !writer) return object
    const containers = { 'f:containers': { 'k:{"name":"app"}': { 'f:image': {} } } }
    const fieldsV1 = {
      'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } },
      'f:spec': { 'f:template': { 'f:spec': containers } },
    }
    const metadata = {
      ...(isObject(object['metadata']) && object['metadata']),
      managedFields: [{ ...writer, fieldsV1 }],
    }
    return { ...object, metadata }
  }
  const written = (name: string, manager: string): void =>
    void writers.set(name, { manager, time: new Date(clock.now()).toISOString() })
  const undo = (name: string): void => {
    const revision = former.get(name)?.pop()
    if (!revision) return
    const { image, note = null } = revision
    const template = { spec: { containers: [{ name: 'app', image }] } }
    const body = { metadata: { annotations: { [annotation]: note } }, spec: { template } }
    admin('PATCH', `${path}/${name}`, body, 'application/strategic-merge-patch+json')
    written(name, 'kubectl')
    undone.push({ workload: name, at: clock.now() })
  }
  const watching = (request: ApiRequest): ApiResponse => {
    const name = request.path.slice(path.length + 1)
    const before =
      former.has(name) && request.method !== 'GET' ? parseJson(handle({ ...request, method: 'GET' }).body) : undefined
    const answer = handle(request)
    if (before && answer.status === 200) {
      former.get(name)?.push(revisionOf(before))
      written(name, 'receiver-hooks')
    }
    if (request.method === 'GET' && answer.status === 200 && request.path.startsWith(path)) {
      const found = parseJson(answer.body)
      const items = at(found, 'items')
      const seen =
        isObject(found) && Array.isArray(items) ? { ...found, items: items.map(withWriter) } : withWriter(found)
      return { ...answer, body: JSON.stringify(seen) }
    }
    if (request.method !== 'GET' && answer.status === 200 && request.path.startsWith(path)) {
      const object = parseJson(answer.body)
      const [time = ''] = (stringAt(object, 'metadata', 'annotations', annotation) ?? '').split(' ')
      // Each push is of a tag of its own.
      const [container] = listAt(object, 'spec', 'template', 'spec', 'containers')
      const id = stringAt(container, 'image') ?? ''
      const workload = stringAt(object, 'metadata', 'name') ?? ''
      stored.push({ workload, id, at: Number(time) })
      // A rollback has the second of the API server's clock.
      const isOlder = undone.some(undo => undo.workload === workload && Number(time) < undo.at - (undo.at % 1000))
      if (isOlder) wrong.push(`${workload} was rolled back, and got a push again that is older`)
    }
    return answer
  }
  const fault = (): NetworkFault => {
    if (clock.monotonic() > 14_000) return 'answered'
    const drawn = chance(100)
    if (drawn < 78) return 'answered'
    if (drawn < 87) return 'answer lost'
    if (drawn < 92) return 'lost on its way'
    if (drawn < 95) return 'never arrives'
    if (drawn < 98) return { landsAfter: chance(3000) }
    return { saysInstead: { status: 500, headers: {}, body: '{"kind":"Status","message":"an error"}' } }
  }
  const stop = new AbortController()
  const processes = [0, 1, 2].map(number => {
    let dead = false
    const way = faultyConnection(clock, watching, { fault, isDead: () => dead, latencyMs: () => chance(60) })
    const api = (wrongWays[mistake] ?? (right => right))(way)
    const environment = testEnvironment({ api: way, clock, random: seededRandom(seed * 7 + number) })
    const ledgers = openLedgers(environment)
    void ledgers.run(stop.signal)
    return { api, ledgers, acts: actService(environment), die: () => (dead = true), isAlive: () => !dead }
  })
  let names = 0
  const answers: { readonly delivery: number; readonly outcome: Outcome | 'died' }[] = []

  /** Returns whether the copies of a delivery have one signed body, and a name each: of every third delivery they do. */
  const isSigned = (number: number): boolean => number % 3 === 0

  const post = async (number: number, copy: number, process: number, retries: number): Promise<void> => {
    const by = processes[process % 3]
    const again = (ms: number): void =>
      void (retries > 0 && clock.after(ms, () => void post(number, copy, chance(3), retries - 1)))
    if (!by?.isAlive()) return again(1500)
    const pushedAt = Date.UTC(2020, 0, 1) + number * 700
    const delivery: Delivery = {
      sender: 'image',
      phase: 'none',
      identity: {
        key: isSigned(number) ? `d${number}/${copy}` : `d${number}`,
        newsAt: number % 2 === 0 ? 0 : pushedAt,
      },
      pushes: [{ host: 'docker.io', path: 'acme/app', tag: `t${number}`, ...(number % 2 === 1 && { at: pushedAt }) }],
    }
    const signed = isSigned(number) ? { body: `body of d${number}`, withinMs: 600_000 } : undefined
    const hook = { namespace: 'shop', name: 'push', uid }
    const ledger = by.ledgers.of(hook)
    const acts = by.acts.of(
      contextOf({ hook, delivery, signed, deadline: clock.monotonic() + 4000, ledger: () => ledger }),
    )
    if (!has(redeploySchema, member)) throw new Error('the member of the hook is none')
    const outcome = await Promise.race([
      redeploy.execute(member, delivery, {
        hook,
        steps: { change: () => Promise.reject(new Error('no step')), undo: () => Promise.reject(new Error('no step')) },
        acts: spoiled(acts, mistake, () => `name-${(names += 1)}`),
        api: by.api,
        charge: () => {},
        outbound: noOutbound,
        post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams() },
        clock,
        definitions: noDefinitions,
      }),
      new Promise<'died'>(resolve => {
        const look = (): void => void (by.isAlive() ? clock.after(100, look) : resolve('died'))
        look()
      }),
    ])
    answers.push({ delivery: number, outcome })
    if (outcome === 'died' || outcome.outcome === 'unavailable') again(500 + chance(2500))
  }

  for (let number = 0; number < deliveries; number++) {
    const when = chance(6000)
    for (let copy = 0; copy <= chance(3); copy++)
      clock.after(when + chance(2500), () => void post(number, copy, chance(3), 6))
  }
  for (const number of [1, 2]) if (chance(10) < 7) clock.after(chance(9000), () => void processes[number]?.die())
  /** The newest label that somebody else gave each workload. */
  const labels = new Map<string, string>()
  for (let edit = 0; edit < 8; edit++) {
    const name = workloads[chance(workloads.length)] ?? ''
    clock.after(chance(9000), () => {
      labels.set(name, String(edit))
      admin(
        'PATCH',
        `${path}/${name}`,
        { metadata: { labels: { outside: String(edit) } } },
        'application/merge-patch+json',
      )
    })
  }
  // Other histories draw nothing from this chance.
  const undoing = seededChance(seed + 1_000_003)
  for (let back = 0; back < 4; back++) {
    const name = workloads[undoing(workloads.length)] ?? ''
    if (undoing(10) < 4) clock.after(undoing(12_000), () => undo(name))
  }
  for (let passed = 0; passed < 75_000; passed += 50) await clock.advance(50)
  stop.abort()
  await clock.advance(3000)

  const seen = new Set<string>()
  for (const { id, workload } of stored) {
    if (seen.has(`${workload} ${id}`)) wrong.push(`${workload} got one push twice`)
    seen.add(`${workload} ${id}`)
  }
  for (const workload of workloads) {
    const times = stored.filter(write => write.workload === workload).map(({ at }) => at)
    if (times.some((time, index) => time < (times[index - 1] ?? 0))) wrong.push(`${workload} went back in time`)
  }
  for (const [name, label] of labels) {
    const now = parseJson(handle({ method: 'GET', path: `${path}/${name}`, lane: 'bulk', timeoutMs: 1 }).body)
    if (stringAt(now, 'metadata', 'labels', 'outside') !== label) wrong.push(`${name} lost what somebody else wrote`)
  }
  const record = handle({
    method: 'GET',
    path: '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhookrecords/push',
    lane: 'bulk',
    timeoutMs: 1,
  })
  const content = parseJson(stringAt(parseJson(record.body), 'content') ?? '{}')
  // Who dies right after an answer leaves the act open: a copy does what is left of it, which is nothing.
  const rows = [...listAt(content, 'rows'), ...listAt(content, 'acts')]
  const answered = new Set(
    answers.flatMap(({ delivery, outcome }) => (outcome !== 'died' && outcome.outcome === 'applied' ? [delivery] : [])),
  )
  for (const number of answered) {
    const row = rows.find(
      one => stringAt(one, 'key') === keyOf(`d${number}`) || stringAt(one, 'body') === `body of d${number}`,
    )
    if (!isObject(row)) {
      wrong.push(`d${number} was answered and is forgotten`)
      continue
    }
    const pushedAt = Number(at(row, 'newsAt') ?? 0) || Number(at(row, 'at'))
    for (const workload of workloads) {
      const isLater = [...stored, ...undone].some(write => write.workload === workload && write.at >= pushedAt)
      if (!isLater) {
        wrong.push(`d${number} was answered, and ${workload} has neither it nor a later one, nor was rolled back`)
      }
    }
  }
  return wrong
}

/** Returns what is wrong in the first of so many histories in which something is. */
const firstWrong = async (count: number, mistake: Mistake): Promise<readonly string[]> => {
  for (let seed = 1; seed <= count; seed++) {
    const wrong = await history(seed, mistake)
    if (wrong.length > 0) return wrong.map(each => `seed ${seed}: ${each}`)
  }
  return []
}

describe('pushes, with crashes, copies, lost and late answers', () => {
  it('are written to each workload once, none goes back in time, none undoes a rollback, and what was answered is there', async () => {
    expect(await firstWrong(12, 'none')).toEqual([])
  })

  it.each<Mistake>(mistakes)('would not be with %s', async mistake => {
    expect(await firstWrong(5, mistake)).not.toEqual([])
  })
})
