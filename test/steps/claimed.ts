import type { Delivery } from '../../src/api/delivery.ts'
import type { Claim, Row } from '../../src/api/row.ts'
import { moveWithin, takeBackWithin } from '../../src/steps/arithmetic.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { emptyMemory, storedOf } from '../../src/record/memory.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { seededRandom } from '../support/random.ts'
import { stepServer, type StepServer } from '../support/step-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const up = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 100_000, overshoot: 'clamp' })

export type About = Partial<
  Pick<DeliveryContext, 'account' | 'undo' | 'cooldownMs' | 'dryRun' | 'isCurrent' | 'leasing' | 'limits'>
> & {
  readonly hook?: string
  readonly target?: string
  readonly delivery?: Partial<Delivery>
  /** What the hook says now, where it was edited. */
  readonly plan?: Plan
}

export const setUp = (replicas = 2) => {
  const clock = fakeClock()
  const server = stepServer({ web: replicas, api: replicas })
  const requests: string[] = []
  const world = { fault: (_request: string, _body: string): NetworkFault => 'answered' }
  let started = 0
  /** Starts a process, whose posts may go through the record of a hook. */
  const start = () => {
    let dead = false
    const api = faultyConnection(clock, server.handle, {
      fault: ({ body, method, path }) => {
        const request = `${method} ${path.split('/').slice(6).join('/')}`
        requests.push(request)
        return world.fault(request, body ?? '')
      },
      latencyMs: () => 1,
      isDead: () => dead,
    })
    const environment = testEnvironment({ api, clock, random: seededRandom(++started) })
    const ledgers = new Ledgers(environment)
    const service = new StepService(environment)
    const context = ({ delivery = {}, hook: name = 'web-up', ...about }: About): DeliveryContext => {
      const hook = { namespace: 'shop', name, uid: `uid of ${name}` }
      server.hooks.set(name, hook.uid)
      const ledger = ledgers.of(hook)
      const deadline = clock.monotonic() + 4000
      return contextOf({ ...about, hook, delivery: { phase: 'firing', ...delivery }, deadline, ledger: () => ledger })
    }
    const step = (about: About) => service.of(context(about))
    return {
      environment,
      ledgers,
      context,
      post: (about: About): Promise<Step> => step(about)(deploymentTarget(about.target ?? 'web'), about.plan ?? up),
      undo: (about: About): Promise<Step> =>
        step({ undo: true, ...about })(deploymentTarget('web'), takeBackWithin({ min: 0, max: 100_000 })),
      unnamed: (plan: Plan = up): Promise<Step> =>
        service.of(contextOf({ deadline: clock.monotonic() + 4000 }))(deploymentTarget('web'), plan),
      preview: (about: About): Promise<Step> => step({ ...about, dryRun: true })(deploymentTarget('web'), up),
      die: () => {
        dead = true
      },
    }
  }
  return { clock, requests, server, start, world }
}

export const named = (key: string, newsAt?: number): About => ({
  delivery: { identity: newsAt === undefined ? { key } : { key, newsAt } },
})

/** Returns a record that holds these rows. */
export const putRows = (server: StepServer, rows: readonly Row[], hook = 'web-up'): void =>
  server.putRecord(hook, `uid of ${hook}`, JSON.stringify(storedOf({ ...emptyMemory, rows })))

export const claimsIn = (server: StepServer): readonly Claim[] =>
  server.memory('web-up')?.rows.flatMap(row => (row.state === 'claimed' ? row.claim : [])) ?? []

export const claimOf = (server: StepServer, more: Partial<Claim> = {}): Claim => {
  const { uid, version } = server.version('web')
  return {
    mark: 'rhook.gone.1',
    target: 'apps/v1/deployments/Deployment/web',
    uid,
    version,
    to: 3,
    helped: true,
    ...more,
  }
}
