import type { Acts, Worked } from '../../src/acts/acts.ts'
import { actService, type ActService } from '../../src/acts/once.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import { stringAt, parseJson } from '../../src/api/json.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import type { RecordLimits } from '../../src/record/memory.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { claimSettler } from '../../src/steps/settle-claim.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

const namespace = 'shop'

/** Returns some processes, with a record of one hook in an API server. */
export const processes = (count: number, limits?: RecordLimits) => {
  const clock = fakeClock()
  const server = createApiServer({ clock, random: seededRandom(1) })
  const handle = ({ body, contentType = 'application/json', method, path, query = {} }: Partial<ApiRequest>) =>
    server.handle({
      method: method ?? 'GET',
      path: path ?? '',
      query,
      contentType,
      ...(body !== undefined && { body }),
    })
  const create = (path: string, object: object): unknown =>
    parseJson(handle({ method: 'POST', path, body: JSON.stringify(object) }).body)
  for (const crd of crds) create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  create('/api/v1/namespaces', { metadata: { name: namespace } })
  const hook = create(`/apis/receiverhooks.dev/v1alpha1/namespaces/${namespace}/receiverhooks`, {
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'push' },
    spec: { driver: 'redeploy', redeploy: { selector: {} } },
  })
  const uid = stringAt(hook, 'metadata', 'uid') ?? ''
  const slow = { putMs: 0, getMs: 0 }
  let writes = 0
  const api: ApiConnection = {
    request: request => {
      if (request.method !== 'GET') writes += 1
      const ms = request.method === 'PUT' ? slow.putMs : request.method === 'GET' ? slow.getMs : 0
      return ms === 0
        ? Promise.resolve(handle(request))
        : new Promise(resolve => void clock.after(ms, () => resolve(handle(request))))
    },
    watch: () => {
      throw new Error('nobody watches here')
    },
  }
  const stop = new AbortController()
  const contexts: ((delivery: Delivery) => DeliveryContext)[] = []
  const services: ActService[] = []
  const actsOf = Array.from({ length: count }, (_, number) => {
    const environment = testEnvironment({ api, clock, random: seededRandom(number + 2) })
    const ledgers = new Ledgers(environment, limits)
    void ledgers.run(stop.signal)
    const service = actService(environment, context => claimSettler(context, environment))
    services.push(service)
    const contextFor = (delivery: Delivery, withinMs = 30_000): DeliveryContext =>
      contextOf({
        hook: { namespace, name: 'push', uid },
        delivery,
        deadline: clock.monotonic() + withinMs,
        ledger: () => ledgers.of({ namespace, name: 'push', uid }),
      })
    contexts.push(contextFor)
    return (name?: string, withinMs?: number): Acts => {
      const identity = name === undefined ? {} : { identity: { key: name } }
      return service.of(contextFor({ sender: 'plain', phase: 'none', ...identity }, withinMs))
    }
  })
  return { clock, actsOf, contexts, services, end: () => stop.abort(), slow, writes: () => writes }
}

export const done: Worked = {
  worked: 'done',
  outcome: { outcome: 'applied', reason: 'RolledOut', summary: 'rolled out Deployment/web', changes: [] },
}
