/**
 * The trigger role. It authenticates posts to hooks, runs the driver, and answers within 4 s.
 *
 * - `http.ts` receives a post, `endpoint.ts` has the steps of its way in order, `limits.ts` all
 *   limits.
 * - An answer of 200 means that the change is stored, or that the delivery changes nothing. 503
 *   means that sending again is safe.
 * - The trigger can mint no token and change no hook. It never imports the controller.
 */

import { actService, type ActService } from '../acts/once.ts'
import { accountsIn } from '../api/bind-command.ts'
import type { Environment } from '../environment/environment.ts'
import { Zones } from '../environment/zones.ts'
import { definitionsOf } from '../kube/definitions.ts'
import type { Follow } from '../kube/follow.ts'
import type { History } from '../kube/lease-history.ts'
import { LeaseKeeper } from '../leases/leases.ts'
import { actingIn } from '../record/context.ts'
import { limitedAt } from '../record/protocol.ts'
import { Ledgers } from '../record/ledgers.ts'
import type { RecordLimits } from '../record/memory.ts'
import { StepService } from '../steps/service.ts'
import { claimSettler } from '../steps/settle-claim.ts'
import type { Check } from '../operations/checks.ts'
import { publicKeysConfigMap } from '../token/published.ts'
import { stopText, type Stop } from '../token/stop.ts'
import { createVerifier } from '../token/verify.ts'
import { noIssuers, type IssuerKeys } from '../token/issuer-keys.ts'
import { hookAccounts } from './accounts.ts'
import { checkAuthOf, countedAuth } from './auth/proof.ts'
import { secretReader } from './auth/secrets.ts'
import type { Endpoint } from './answer.ts'
import { authenticator } from './authenticate.ts'
import { TriggerEndpoint } from './endpoint.ts'
import { Distrust } from './distrust.ts'
import { FollowedChanges } from './followed.ts'
import { genuineCheck } from './genuine.ts'
import type { LiveHook } from './hook.ts'
import { idTokensOf } from './auth/id-tokens.ts'
import { Hooks } from './hooks.ts'
import { publicKeyCache } from './keys.ts'
import { budgetOf, intakeOf } from './intake.ts'
import { leasingHooks } from './leasing-hooks.ts'
import { definitionReadWithinMs, drainActsMs, limitsIn, maxRememberedTokens } from './limits.ts'
import { Looks } from './looks.ts'
import { preflightOf, type Preflight } from './preflight.ts'
import { LargeBodies } from './reading/large.ts'
import type { StartReader } from './reading/reader.ts'
import { reporter } from './report.ts'
import { runRequestsIn, type RequestRunner } from './run-requests.ts'
import { tracedAuth, tracedAuthenticate, tracedEndpoint } from './traced.ts'
import { WaitingPosts } from './waiting.ts'
import { seriesOfHooks } from './hook-series.ts'

/**
 * Returns a function that counts posts to a former URL of a hook. Such a URL still works, but not for
 * long: until an overlap is over, the URL expires, or its key is dropped. So a person can find out who still uses it.
 */
const formerURLCounter = (
  { clock, metrics }: Pick<Environment, 'clock' | 'metrics'>,
  hooks: Pick<Hooks, 'has'>,
): ((hook: LiveHook) => void) => {
  const posts = seriesOfHooks(
    clock,
    hooks,
    metrics.counter('receiverhooks_former_url_posts_total', 'Posts to an old URL of a hook that still works.', [
      'namespace',
      'hook',
    ]),
  )
  return ({ name, namespace }) => posts.add({ namespace, hook: name })
}

export interface TriggerRole {
  readonly endpoint: Endpoint
  readonly preflight: Preflight
  /** Answers the posts that wait for their outcome, because the process ends. */
  endWaits(): void
  /** The checks before posts can be served: hooks and keys have been read. */
  readonly checks: readonly Check[]
  /** Watches until `stop` is aborted. */
  run(stop: AbortSignal): Promise<void>
}

/**
 * Makes the trigger role, which can mint no token and change no hook.
 *
 * - `namespace` is the installation's namespace.
 * - `watchNamespaces` are those whose hooks are served. Default: all.
 * - `follow` shares hooks and keys with other parts of this process.
 * - `history` says whether etcd was restored beneath this process.
 * - `memoryBytes` is the memory for this process.
 * - `startReader` starts the parser of large bodies; without it, they are parsed in the event loop.
 * - `issuers` has the keys of the issuers whose tokens hooks may ask for.
 * - `records` replaces the usual limits of a record.
 * - `runsRequests`: run what ReceiverHookRequests ask for. The admission policy has to be in force.
 */
export const triggerRole = (
  environment: Environment,
  options: {
    readonly namespace: string
    readonly watchNamespaces?: readonly string[]
    readonly follow?: Follow
    readonly history?: History
    readonly memoryBytes?: number
    readonly startReader?: StartReader
    readonly issuers?: IssuerKeys
    readonly records?: RecordLimits
    readonly runsRequests?: boolean
  },
): TriggerRole => {
  const { tracing } = environment
  const { runsRequests = false, watchNamespaces = [] } = options
  const hooks = new Hooks(environment, watchNamespaces, options)
  const keys = publicKeyCache(environment, options.namespace, options.follow)
  const verifier = createVerifier({ remember: maxRememberedTokens })
  const budget = budgetOf(environment.clock)
  const ledgers = new Ledgers(environment, options.records, budget.charge)
  const acts = actService(environment, context => claimSettler(context, actingIn(environment, context)))
  const notifyLimited = (hook: LiveHook): void => {
    if (!budget.takeNotice(hook)) return
    const now = environment.clock.now()
    ledgers.of(hook).later(draft => limitedAt(draft, now))
  }
  const steps = new StepService(environment)
  const definitions = definitionsOf(environment, { lane: 'step', timeoutMs: definitionReadWithinMs })
  const accounts = accountsIn(options.namespace)
  const acting = hookAccounts(environment, accounts)
  const looks = new Looks(environment, definitions, acting)
  const followed = new FollowedChanges(environment, looks, ledgers, hooks)
  const report = reporter(environment, ledgers, hooks, notifyLimited, change => followed.follow(change))
  const leases = new LeaseKeeper(environment, watchNamespaces, {
    hooks: leasingHooks(hooks, keys, acting),
    ledgers,
    steps,
    charge: budget.charge,
    history: options.history,
  })
  const limits = limitsIn(options.memoryBytes)
  const intake = intakeOf(environment.clock, limits.maxOfNamespace, budget)
  const distrust = new Distrust(environment.clock)
  const checkGenuine = genuineCheck(environment)
  const idTokens = idTokensOf(environment, options.issuers ?? noIssuers)
  const checkAuth = checkAuthOf(environment.clock, secretReader(environment), checkGenuine, idTokens, accounts)
  const authenticate = tracedAuthenticate(authenticator(environment.clock, verifier, keys, hooks), tracing)
  const waiting = new WaitingPosts(environment, authenticate, limits, looks)
  const endpoint = new TriggerEndpoint(environment, {
    accounts: acting,
    acts,
    authenticate,
    waiting,
    checkAuth: tracedAuth(countedAuth(checkAuth, environment.metrics), tracing),
    budget,
    checkGenuine,
    countFormerURL: formerURLCounter(environment, hooks),
    definitions,
    distrust,
    history: options.history,
    hooks,
    idTokens,
    intake,
    large: new LargeBodies(environment.clock, options.startReader, error =>
      environment.log.warn({ error }, "can't start a thread for large bodies: their posts get 503"),
    ),
    ledgers,
    report,
    runsRequests,
    steps,
    zones: new Zones(),
    notifyLimited,
  })
  const answer = tracedEndpoint(endpoint.answer, tracing)
  const requests = runsRequests ? runRequestsIn(environment, answer, watchNamespaces) : undefined
  return {
    endpoint: answer,
    endWaits: () => waiting.end(),
    preflight: preflightOf({ budget, distrust, hooks, intake, keys, report, verifier }),
    checks: [
      { name: 'trigger/hooks', failure: () => (hooks.synced() ? undefined : (hooks.problem() ?? stillReading)) },
      { name: 'trigger/records', advisory: true, failure: () => ledgers.newer() },
      { name: 'trigger/leases', advisory: true, failure: () => leases.problem() },
      { name: 'trigger/requests', advisory: true, failure: () => requests?.problem() },
      { name: 'trigger/stop', advisory: true, failure: () => stopProblem(keys.current()?.stop) },
      {
        name: 'trigger/public-keys',
        failure: () => (keys.current() ? undefined : (keys.problem() ?? missingKeys(options.namespace))),
      },
    ],
    run: stop => runParts({ acts, followed, hooks, keys, leases, ledgers, requests, steps }, stop),
  }
}

/** What runs until the process ends. */
interface RunningParts {
  readonly acts: Pick<ActService, 'drain' | 'idle'>
  readonly followed: Pick<FollowedChanges, 'end'>
  readonly hooks: Pick<Hooks, 'run'>
  readonly keys: Pick<ReturnType<typeof publicKeyCache>, 'run'>
  readonly leases: Pick<LeaseKeeper, 'run'>
  readonly ledgers: Pick<Ledgers, 'run'>
  readonly requests: Pick<RequestRunner, 'run'> | undefined
  readonly steps: Pick<StepService, 'close'>
}

const runParts = async (
  { acts, followed, hooks, keys, leases, ledgers, requests, steps }: RunningParts,
  stop: AbortSignal,
): Promise<void> => {
  // The outcome of acts is stored before the last records are written.
  const drained = new AbortController()
  const end = (): void => drained.abort()
  const drain = (): void => {
    followed.end()
    if (acts.idle) end()
    else void acts.drain(drainActsMs).finally(end)
  }
  if (stop.aborted) drain()
  stop.addEventListener('abort', drain, { once: true })
  await Promise.all([
    hooks.run(stop),
    keys.run(stop),
    leases.run(stop),
    requests?.run(stop),
    ledgers.run(drained.signal),
  ])
  steps.close()
}

const stopProblem = (stop: Stop | undefined): string | undefined =>
  stop && `${stopText(stop)}. To let them run again: kubectl receiverhook start`

const stillReading = 'the hooks are still being read'

const missingKeys = (namespace: string): string =>
  `there is no ConfigMap ${namespace}/${publicKeysConfigMap} with the public keys yet: a controller that runs with --namespace ${namespace} writes it`
