import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { crds } from '../../../src/drivers/registry.ts'
import { fleetDefinition } from '../../support/fleets.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import { makeApprovals } from './approvals.ts'
import { makeAccounts, someAccount } from './accounts.ts'
import { allExpressions } from './expressions.ts'
import { makeHolds } from './held.ts'
import { askForIdToken } from './id-tokens.ts'
import { makeJobHooks, namesOfJobHooks } from './job-hooks.ts'
import { makePassing, passOn } from './passing.ts'
import { deploymentsPath, hooksPath, shop, system } from './paths.ts'
import { someLimits } from './limits.ts'
import { askFor, askForSignature, giveWord } from './secrets.ts'
import { allTargets, refTo, targetsPath, targetWith } from './targets.ts'
import { siteHooks, siteObject } from './workload.ts'

/** What people have made before the product starts. */
export interface Installation {
  readonly targets: readonly string[]
  readonly hooks: readonly string[]
  /** Whether hooks may ask their senders for more than the URL. */
  readonly asking: boolean
  /** Where hooks may count a signed body once: the chance that says which do. Others draw nothing from it. */
  readonly signing: Rng | undefined
  /** Where hooks may lease what they change: the chance that says which do. Others draw nothing from it. */
  readonly leasing: Rng | undefined
  /** Where hooks may have limits in time: the chance that says which do. Others draw nothing from it. */
  readonly limiting: Rng | undefined
  /** Where hooks may act as accounts: the chance that says which do. Others draw nothing from it. */
  readonly acting: Rng | undefined
  /** Where leases may end with their hook: the chance that says which do. Others draw nothing from it. */
  readonly deleting: Rng | undefined
  /** Where hooks may ask for ID tokens: the chance that says which do. Others draw nothing from it. */
  readonly issuing: Rng | undefined
  /** Whether the signing keys are rotated. */
  readonly rotating: boolean
  /** Whether all hooks take back what an alert changed, and hardly anything keeps them from it. */
  readonly speaking: boolean
  /** The hooks that roll a Deployment out; none in most histories. */
  readonly rolling: readonly string[]
  /** The hooks that run Jobs; none in most histories. */
  readonly running: readonly string[]
  /** The hooks that pass posts on; none in most histories. */
  readonly passing: readonly string[]
  /** The hooks that hold fields of a Deployment, and step its count; none in most histories. */
  readonly holding: readonly string[]
  /** The hooks that people ask to run, most of which need approval; none in most histories. */
  readonly approving: readonly string[]
}

export const install = (
  server: SimulatedServer,
  rng: Rng,
  {
    acting,
    approving,
    deleting,
    holding,
    isRolling,
    isPassing,
    isRunning,
    issuing,
    leasing,
    limiting,
    signing,
    speaking,
  }: Pick<Installation, 'acting' | 'deleting' | 'issuing' | 'leasing' | 'limiting' | 'signing' | 'speaking'> & {
    readonly isRolling: boolean
    readonly isPassing: boolean
    readonly isRunning: boolean
    /** Where fields are held: the chance that says which. */
    readonly holding: Rng | undefined
    /** Where people ask and approve: the chance that says what. */
    readonly approving: Rng | undefined
  },
): Installation => {
  const made = (path: string, object: object): void => {
    const response = server.send('POST', path, object)
    if (response.status !== 201) throw new Error(`${path} answered ${response.status}: ${response.body}`)
  }
  for (const crd of [...crds, fleetDefinition]) made('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  for (const name of [shop, system]) made('/api/v1/namespaces', { metadata: { name } })
  server.follow()
  const targets = allTargets.slice(0, rng.int(1, allTargets.length))
  for (const name of targets) made(targetsPath(name), targetWith(name, rng.int(0, 8)))
  const hooks = Array.from({ length: rng.int(2, 5) }, (_, index) => `hook-${index}`)
  const asking = (rng.chance(0.4) && !speaking) || signing !== undefined
  const rolling = isRolling ? siteHooks.map(({ metadata: { name } }) => name) : []
  const rotating = rng.chance(0.2)
  const installation = {
    ...{ targets, hooks, asking, signing, issuing, leasing, limiting, acting, deleting },
    ...{ rotating, rolling, running: isRunning ? namesOfJobHooks : [], passing: isPassing ? [passOn] : [], speaking },
    holding: holding ? makeHolds(holding, made) : [],
    approving: approving ? makeApprovals(approving, made) : [],
  }
  if (acting) makeAccounts(server)
  for (const name of hooks) {
    if (installation.asking) giveWord(server, rng, name)
    made(hooksPath, newHook(rng, name, installation))
  }
  if (isRolling) made(deploymentsPath, siteObject)
  const asAccount = acting ? { serviceAccountName: 'able' } : {}
  for (const hook of isRolling ? siteHooks : []) made(hooksPath, { ...hook, spec: { ...hook.spec, ...asAccount } })
  if (isRunning) makeJobHooks(made, acting && 'able')
  if (isPassing) makePassing(made)
  return installation
}

export const newHook = (
  rng: Rng,
  name: string,
  { acting, asking, deleting, issuing, leasing, limiting, signing, speaking, targets }: Installation,
) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name },
  spec: {
    driver: 'scale',
    scale: {
      target: refTo(rng.pick(targets)),
      action: rng.pick(['up', 'down']),
      by: amount(rng),
      min: speaking ? 0 : rng.int(0, 3),
      max: speaking ? 40 : rng.int(4, 20),
      overshoot: rng.chance(0.2) ? 'reject' : 'clamp',
    },
    token: { overlap: rng.pick(overlaps), ...(rng.chance(0.15) ? { secretName: secretOf(name) } : {}) },
    cooldown: rng.chance(0.25) ? rng.pick(['1s', '4s', '15s']) : '0s',
    dedupeWindow: rng.pick(['1s', '3s', '40s']),
    onResolved: rng.pick(['ignore', 'run', 'undo', 'undo']),
    ...(rng.chance(0.1) && !speaking ? { when: rng.pick(allExpressions) } : {}),
    ...(speaking ? { onResolved: 'undo', cooldown: '0s' } : {}),
    ...(asking && rng.chance(0.5) ? { auth: askFor(rng, name) } : {}),
    ...(signing?.chance(0.6) ? { auth: askForSignature(signing, name) } : {}),
    ...(issuing?.chance(0.6) ? { auth: askForIdToken(issuing, name) } : {}),
    ...(leasing?.chance(0.8) ? { for: leasing.pick(leaseLengths) } : {}),
    ...(limiting?.chance(0.7) ? { limits: someLimits(limiting) } : {}),
    ...(leasing?.chance(0.4) ? { cooldown: leasing.pick(['4s', '8s']) } : {}),
    ...(acting && { serviceAccountName: someAccount(acting) }),
    ...(deleting?.chance(0.8) ? { onDelete: 'end', for: deleting.pick(longLeases) } : {}),
  },
})

/** How long the steps of a hook last, where they do not last for good. */
export const leaseLengths = ['1s', '2s', '4s'] as const

/** The same, where they may end with the hook: some end by nothing else. */
const longLeases = ['4s', '15s', '1h'] as const

/** The Secret that holds a hook's URL, where it is to be in one. */
export const secretOf = (hook: string): string => `${hook}-url`

export const amount = (rng: Rng): number | string =>
  rng.chance(0.25) ? rng.pick(['10%', '50%', '100%']) : rng.int(1, 3)

export const overlaps = ['0s', '3s', '5m'] as const
