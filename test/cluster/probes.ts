import { randomBytes } from 'node:crypto'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { apiVersionOf, collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { autoscalers, configMaps, events, hooks, leases, records, secrets } from '../../src/kube/resources.ts'
import { signingKey } from '../../src/token/keys.ts'
import { mint } from '../../src/token/mint.ts'
import { controllerLease, keySetEntry, publicKeysConfigMap, signingKeysSecret } from '../../src/token/published.ts'
import { listAt } from '../deploy/manifests.ts'
import { deployment } from '../support/objects.ts'
import { deployments, post, type Cluster } from '../support/product.ts'
import type { Account } from './installation.ts'

/** An installation that runs as its two service accounts, while one thing that it should do is looked for. */
export interface Trial extends Cluster {
  /** Runs a role as its service account. `through` wraps the connection of that account. */
  start(account: Account, through?: (api: ApiConnection) => ApiConnection): Promise<Started>
  /** Whether something comes true: false once the API server has refused a request and there was time enough since. */
  happens(condition: () => Promise<boolean>): Promise<boolean>
}

export interface Started {
  readonly port: number
  readonly ready: () => boolean
  /** Returns the text of `/readyz?verbose`. */
  readonly report: () => Promise<string>
  /** `GET /apis/…`: every request so far, watches not among them. */
  readonly requests: readonly string[]
  readonly stop: () => Promise<void>
}

/** Whether something that the product should do is done. */
export type Probe = (x: Trial) => Promise<boolean>

const readyReason = async ({ hook }: Trial): Promise<string | undefined> =>
  stringAt(
    listAt(await hook('web-up'), 'status', 'conditions').find(condition => at(condition, 'type') === 'Ready'),
    'reason',
  )

const makeHook = async (x: Trial, type: ResourceType = deployments, more: object = {}): Promise<void> => {
  const { spec, ...workload } = deployment('web', 1)
  const selector = type.kind === 'ReplicationController' ? { app: 'web' } : spec.selector
  const apiVersion = apiVersionOf(type)
  await create(x.api, type, x.namespace, { ...workload, apiVersion, kind: type.kind, spec: { ...spec, selector } })
  await x.createHook('web-up', { target: { apiVersion, kind: type.kind, name: 'web' } }, more)
}

const remove = ({ api }: Cluster, type: ResourceType, namespace: string, name: string): Promise<unknown> =>
  api.request({ method: 'DELETE', path: objectPath(type, namespace, name), lane: 'bulk', timeoutMs: 5000 })

/** Returns a controller that has minted. Only for probes of rights without which it mints all the same. */
const minted = async (x: Trial): Promise<{ url: string; controller: Started }> => {
  const controller = await x.start('controller')
  await makeHook(x)
  return { url: await urlOf(x), controller }
}

/** A controller that cannot list autoscalers waits for them, 10 s long, before it leads. */
const mintedWithinMs = 60_000

const urlOf = async (x: Trial): Promise<string> => {
  const published = await x.until(
    async () => stringAt(await x.hook('web-up'), 'status', 'triggerURL'),
    url => url !== undefined,
    mintedWithinMs,
  )
  return published ?? ''
}

/** Returns a connection whose answers about the controller's Lease have another version, if there is one: of GETs, or of lists. */
const leaseAt =
  (of: 'GETs' | 'lists', version: () => string | undefined) =>
  (api: ApiConnection): ApiConnection => {
    const changed = ({ path }: ApiRequest, answer: ApiResponse): ApiResponse => {
      const other = answer.status === 200 && path.includes('/leases') ? version() : undefined
      if (other === undefined) return answer
      return { ...answer, body: answer.body.replaceAll(/"resourceVersion":"\d+"/g, `"resourceVersion":"${other}"`) }
    }
    return {
      request: async request => {
        const answer = await api.request(request)
        return of === 'GETs' && request.method === 'GET' ? changed(request, answer) : answer
      },
      watch: (request, stop) => {
        const watch = api.watch(request, stop)
        const ask: typeof watch.ask = async asked => {
          const answer = await watch.ask(asked)
          return answer && of === 'lists' ? changed(asked, answer) : answer
        }
        return { ask, [Symbol.asyncIterator]: () => watch[Symbol.asyncIterator]() }
      },
    }
  }

const saysLost = async (x: Trial, { report }: Started): Promise<boolean> =>
  await x.happens(async () => (await report()).includes('CacheOfLostHistory'))

const farAhead = '9000000000000000000'

const eventsOf = async ({ api, systemNamespace }: Trial, reason: string): Promise<readonly unknown[]> => {
  const path = collectionPath(events, systemNamespace)
  const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
  return listAt(JSON.parse(body), 'items').filter(event => at(event, 'reason') === reason)
}

const publicKeys = async ({ api, systemNamespace }: Trial): Promise<unknown> =>
  at(await read(api, configMaps, systemNamespace, publicKeysConfigMap), 'data', keySetEntry)

/** Makes the signing keys unreadable; by another `note` every time, so that the controller complains every time. */
const spoilKeys = ({ api, systemNamespace }: Trial, note: string): Promise<unknown> =>
  send(api, {
    method: 'PATCH',
    path: objectPath(secrets, systemNamespace, signingKeysSecret),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { annotations: { note } }, data: { [keySetEntry]: 'eA==' } }),
  })

export const controllerProbes = {
  'a hook gets its URL': async x => {
    const controller = await x.start('controller')
    await x.happens(async () => controller.ready())
    await makeHook(x)
    return await x.happens(async () => stringAt(await x.hook('web-up'), 'status', 'triggerURL') !== undefined)
  },
  'an autoscaler is noticed': async x => {
    await minted(x)
    const isManaged = async (): Promise<boolean> => (await readyReason(x)) === 'ManagedByAutoscaler'
    // A list that is read again can show one change by chance. Only a watch reports several in a row at once.
    for (let round = 0; round < 4; round++) {
      await create(x.api, autoscalers, x.namespace, {
        apiVersion: apiVersionOf(autoscalers),
        kind: autoscalers.kind,
        metadata: { name: 'web' },
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      })
      if (!(await x.happens(isManaged))) return false
      await remove(x, autoscalers, x.namespace, 'web')
      if (!(await x.happens(async () => !(await isManaged())))) return false
    }
    return true
  },
  'a hook says that its account is not there': async x => {
    await x.start('controller')
    await makeHook(x, deployments, { serviceAccountName: 'hooks' })
    return await x.happens(async () => (await readyReason(x)) === 'AccountNotFound')
  },
  'a hook says what its trigger may not do': async x => {
    await x.start('controller')
    await makeHook(x, deployments, { driver: 'redeploy', redeploy: { target: { name: 'web' } }, scale: undefined })
    return await x.happens(async () =>
      JSON.stringify(await x.hook('web-up')).includes('create rolebinding receiver-hooks-trigger-redeploy'),
    )
  },
  'signing keys that were deleted are made again': async x => {
    const { url } = await minted(x)
    await remove(x, secrets, x.systemNamespace, signingKeysSecret)
    return await x.happens(async () => (await x.url('web-up')) !== url)
  },
  'public keys that were deleted come back': async x => {
    await minted(x)
    await remove(x, configMaps, x.systemNamespace, publicKeysConfigMap)
    return await x.happens(async () => (await publicKeys(x)) !== undefined)
  },
  'the public keys follow the signing keys': async x => {
    await minted(x)
    const before = await publicKeys(x)
    await remove(x, secrets, x.systemNamespace, signingKeysSecret)
    return await x.happens(async () => (await publicKeys(x)) !== before)
  },
  'the lease is given up at the end': async x => {
    const { controller } = await minted(x)
    await controller.stop()
    const lease = await read(x.api, leases, x.systemNamespace, controllerLease)
    return stringAt(lease, 'spec', 'holderIdentity') === ''
  },
  'an Event reports new signing keys': async x => {
    await minted(x)
    await remove(x, secrets, x.systemNamespace, signingKeysSecret)
    return await x.happens(async () => (await eventsOf(x, 'SigningKeysReplaced')).length > 0)
  },
  'an Event that repeats is counted': async x => {
    await minted(x)
    const unreadable = (): Promise<readonly unknown[]> => eventsOf(x, 'SigningKeysUnreadable')
    await spoilKeys(x, 'once')
    await x.happens(async () => (await unreadable()).length > 0)
    await spoilKeys(x, 'twice')
    return await x.happens(async () => (await unreadable()).some(event => at(event, 'series', 'count') === 2))
  },
  'the status shows deliveries': async x => {
    await minted(x)
    const owner = await x.hook('web-up')
    const counted = { sender: 'plain', outcome: 'applied', reason: 'Stepped', from: 1, to: 2 } as const
    const recent = { at: Date.UTC(2026, 0, 1), ...counted }
    const { name, uid } = owner?.metadata ?? { name: '' }
    await create(x.api, records, x.namespace, {
      apiVersion: apiVersionOf(records),
      kind: records.kind,
      metadata: {
        name,
        ownerReferences: [{ apiVersion: apiVersionOf(hooks), kind: hooks.kind, name, uid: uid ?? '' }],
      },
      content: JSON.stringify(storedOf({ ...emptyMemory, recent: [recent], counts: { applied: 1 } })),
    })
    return await x.happens(async () => at(await x.hook('web-up'), 'status', 'counts', 'applied') === 1)
  },
  'caches of a lost history are noticed by a controller': async x =>
    await saysLost(
      x,
      await x.start(
        'controller',
        leaseAt('lists', () => farAhead),
      ),
    ),
} as const satisfies Record<string, Probe>

const urlIn = async ({ api, namespace }: Trial, name: string): Promise<unknown> =>
  at(await read(api, secrets, namespace, name), 'data', 'url')

/** Returns a hook with a URL in the Secret `web-url`, if it comes so far. */
const inSecret = async (x: Trial): Promise<boolean> => {
  await x.start('controller')
  await makeHook(x, deployments, { token: { secretName: 'web-url' } })
  return await x.happens(async () => (await urlIn(x, 'web-url')) !== undefined && (await readyReason(x)) === 'Valid')
}

export const secretsProbes = {
  'a URL is put into a Secret': inSecret,
  'a new URL is put into the Secret': async x => {
    await inSecret(x)
    const before = await urlIn(x, 'web-url')
    await x.patchHook('web-up', { spec: { token: { rotation: 1 } } })
    return await x.happens(async () => (await urlIn(x, 'web-url')) !== before)
  },
  'the Secret of a former name goes': async x => {
    await inSecret(x)
    await x.patchHook('web-up', { spec: { token: { secretName: 'other-url' } } })
    return await x.happens(async () => (await urlIn(x, 'web-url')) === undefined)
  },
} as const satisfies Record<string, Probe>

/** Hooks on targets of a kind. */
export const validates =
  (type: ResourceType): Probe =>
  async x => {
    await x.start('controller')
    await makeHook(x, type)
    return await x.happens(async () => (await readyReason(x)) === 'Valid')
  }

interface Served {
  readonly trigger: Started
  /** Where the trigger takes posts for the hook's URL, or for another token's. */
  readonly address: (token?: string) => string
}

/** Returns a trigger next to a controller that has minted. */
const served = async (
  x: Trial,
  type?: ResourceType,
  through?: (api: ApiConnection) => ApiConnection,
  more?: object,
): Promise<Served> => {
  await x.start('controller')
  await makeHook(x, type, more)
  const url = await urlOf(x)
  const trigger = await x.start('trigger', through)
  await x.happens(async () => trigger.ready())
  const at = (token: string): string => `http://127.0.0.1:${trigger.port}/v1/trigger/${token}`
  return { trigger, address: (token = url.slice(url.lastIndexOf('/') + 1)) => at(token) }
}

const answers = async (x: Trial, address: string, status: number): Promise<boolean> =>
  await x.happens(async () => (await post(address)).status === status)

/** For how long posts have to read nothing more, in milliseconds: what was read live serves for two seconds. */
const stretchMs = 3500

/** How long that is waited for, in milliseconds: the first post reads, and a proof may be late on a machine that is busy. */
const postingMs = 20_000

export const triggerProbes = {
  'it is ready': async x => (await served(x)).trigger.ready(),
  'a post reads nothing but its target': async x => {
    const { address, trigger } = await served(x)
    const target = `GET ${objectPath(deployments, x.namespace, 'web')}`
    const end = nodeClock.monotonic() + postingMs
    let readAt = nodeClock.monotonic()
    while (nodeClock.monotonic() < end && nodeClock.monotonic() - readAt < stretchMs) {
      const toBegin = trigger.requests.length
      await post(`${address()}?dryRun=true`)
      // The Lease is read each second, and no post waits for it.
      const besides = trigger.requests.slice(toBegin).filter(request => !request.includes('/leases/'))
      if (besides.some(request => request !== target)) readAt = nodeClock.monotonic()
    }
    return nodeClock.monotonic() - readAt >= stretchMs
  },
  'the URL of a deleted hook answers 410': async x => {
    const { address } = await served(x)
    await remove(x, hooks, x.namespace, 'web-up')
    return await answers(x, address(), 410)
  },
  'a named post is executed once': async x => {
    const { address } = await served(x)
    const outcomes: unknown[] = []
    for (let i = 0; i < 2; i++) {
      outcomes.push((await post(address(), undefined, { headers: { 'idempotency-key': 'once' } })).body['reason'])
    }
    return outcomes.join() === 'Stepped,Duplicate'
  },
  'another named post is executed too': async x => {
    const { address } = await served(x)
    const named = (name: string) => post(address(), undefined, { headers: { 'idempotency-key': name } })
    await named('first')
    return (await named('second')).body['reason'] === 'Stepped'
  },
  'the pages of a record that were joined into another go': async x => {
    const { address } = await served(x)
    const seen = new Set<string>()
    const pages = async (): Promise<readonly string[]> => {
      const path = collectionPath(records, x.namespace)
      const { body } = await x.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
      return listAt(parseJson(body), 'items')
        .map(record => stringAt(record, 'metadata', 'name') ?? '')
        .filter(name => name.startsWith('page-'))
    }
    for (let posts = 0; posts < maxPosts && seen.size < 2; posts++) {
      await post(address(), undefined, { headers: { 'idempotency-key': `${posts}` } })
      for (const name of await pages()) seen.add(name)
    }
    return seen.size === 2 && (await x.happens(async () => (await pages()).length === 1))
  },
  'a step that is for a second ends by itself': async x => {
    const { address } = await served(x, undefined, undefined, { for: '1s' })
    const { body } = await post(address())
    return body['outcome'] === 'applied' && (await x.happens(async () => (await x.replicas('web')) === body['from']))
  },
  'a URL of unknown keys answers 404': async x => {
    const { address } = await served(x)
    const claims = { namespace: x.namespace, name: 'web-up', uid: 'none', rotation: 0 }
    return await answers(x, address(await mint(signingKey(randomBytes(32)), claims)), 404)
  },
  'a restored etcd is noticed': async x => {
    let version: string | undefined
    let reads = 0
    const restored = leaseAt('GETs', () => {
      reads += 1
      return version
    })
    const { trigger } = await served(x, undefined, restored)
    // A busy process may be ready before it has read the Lease. It has seen the first version when it asks again.
    if (!(await x.happens(async () => reads > 1))) return false
    version = '1'
    return await x.happens(async () => (await trigger.report()).includes('HistoryWentBack'))
  },
  'caches of a lost history are noticed by a trigger': async x =>
    await saysLost(
      x,
      (
        await served(
          x,
          undefined,
          leaseAt('lists', () => farAhead),
        )
      ).trigger,
    ),
} as const satisfies Record<string, Probe>

/** After so many named posts a record has been closed into a page twice. */
const maxPosts = 200

/** Returns a post for a target of a kind. */
export const steps =
  (type: ResourceType): Probe =>
  async x => {
    const { address } = await served(x, type)
    return (await post(address())).body['outcome'] === 'applied'
  }

/** Returns a post for a target of a kind, where the answer to the write that it needs is lost on its way. */
export const stepsInDoubt =
  (type: ResourceType): Probe =>
  async x => {
    const { address } = await served(x, type, losingAnswers)
    const answer = await post(address()).catch(() => undefined)
    return answer?.body['outcome'] === 'applied'
  }

/** Posts for a target of a kind that somebody else writes as well: in the end it is not read any more before a step. */
export const stepsWithOthers =
  (type: ResourceType): Probe =>
  async x => {
    const { address, trigger } = await served(x, type)
    const path = objectPath(type, x.namespace, 'web')
    let writes = 0
    return await x.happens(async () => {
      const body = JSON.stringify({ metadata: { annotations: { write: `${++writes}` } } })
      await send(x.api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
      await wait(nodeClock, reportedWithinMs)
      const toBegin = trigger.requests.length
      await post(address())
      return !trigger.requests.slice(toBegin).includes(`GET ${path}`)
    })
  }

/** A watch has reported by then on a machine that is not busy, in milliseconds. On a busy one the test looks again. */
const reportedWithinMs = 100

const losingAnswers = (api: ApiConnection): ApiConnection => ({
  ...api,
  request: async request => {
    const answer = await api.request(request)
    if (request.method === 'PATCH') throw new Unreachable('the answer was lost', true)
    return answer
  },
})

const authenticated = { auth: { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } } }

const makeSenders = (x: Trial): Promise<unknown> =>
  create(x.api, secrets, x.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'senders' },
    data: { token: Buffer.from('s3cret').toString('base64') },
  })

/** Returns a hook with `auth`. */
export const validatesAuth: Probe = async x => {
  await makeSenders(x)
  await x.start('controller')
  await makeHook(x, deployments, authenticated)
  return await x.happens(async () => (await readyReason(x)) === 'Valid')
}

/** Returns a post that proves what `auth` asks for. */
export const stepsWithAuth: Probe = async x => {
  await makeSenders(x)
  const { address } = await served(x, deployments, undefined, authenticated)
  const answer = await post(address(), undefined, { headers: { authorization: 'Bearer s3cret' } })
  return answer.body['outcome'] === 'applied'
}
