import { authRole } from '../../src/api/auth.ts'
import { group, hookPlural } from '../../src/api/names.ts'
import type { AnyDriver } from '../../src/drivers/driver.ts'
import type { Extra, Right } from '../../src/drivers/driver-rights.ts'
import {
  definitionsRole,
  isGiven,
  isValidated,
  optionalRights,
  roleOf,
  targetsRole,
} from '../../src/drivers/cluster-roles.ts'
import { customDefinitions } from '../../src/kube/definitions.ts'
import {
  autoscalers,
  configMaps,
  events,
  hooks,
  leases,
  records,
  secrets,
  serviceAccounts,
} from '../../src/kube/resources.ts'
import { controllerLease, publicKeysConfigMap, signingKeysSecret } from '../../src/token/published.ts'

/** A right, to the objects of these names alone where RBAC can distinguish names: not for `create`, where there is none yet. */
export interface Grant extends Right {
  readonly names?: readonly string[]
}

/** A ClusterRole, or a Role of the product's own namespace. */
export interface Role {
  readonly kind: 'ClusterRole' | 'Role'
  readonly name: string
  /** What it is for, as a sentence. */
  readonly means: string
  readonly grants: readonly Grant[]
}

/** Returns every role of the two service accounts. The manifest and the permissions page are made from these. */
export const rolesFor = (drivers: readonly AnyDriver[]): readonly Role[] => [
  {
    kind: 'ClusterRole',
    name: 'receiver-hooks-trigger',
    means: 'How the trigger learns about the hooks.',
    grants: [
      right(hooks, ['list', 'watch'], 'to read the hooks'),
      right(hooks, ['get'], 'to check again before answering that a URL is gone'),
      right(records, ['list', 'watch'], 'to know when leases end; only the metadata is read'),
      right(
        records,
        ['get', 'create', 'update', 'delete'],
        'to remember which deliveries have run, even if each hook acts as a service account',
      ),
    ],
  },
  {
    kind: 'ClusterRole',
    name: targetsRole,
    means: 'Lets the trigger scale workloads: everywhere with the manifests, where drivers.scale says with the chart.',
    grants: drivers.filter(isGiven).flatMap(({ rights }) => rights.trigger),
  },
  {
    kind: 'Role',
    name: 'receiver-hooks-trigger',
    means: "What the trigger may do in the product's own namespace.",
    grants: [
      named(publicKeysConfigMap, right(configMaps, ['list', 'watch'], 'to verify tokens')),
      named(publicKeysConfigMap, right(configMaps, ['get'], 'to check again before answering that a key is unknown')),
      named(controllerLease, right(leases, ['get', 'list'], 'to notice that etcd was restored')),
    ],
  },
  {
    kind: 'ClusterRole',
    name: 'receiver-hooks-controller',
    means: 'What the controller may do wherever there are hooks.',
    grants: [
      right(hooks, ['list', 'watch'], 'to read the hooks'),
      { group, resource: `${hookPlural}/status`, verbs: ['patch'], why: 'to write URL and conditions' },
      right(records, ['list', 'watch'], "to report deliveries in a hook's status"),
      right(
        events,
        ['create', 'patch'],
        "to report when the outcome of a hook's deliveries changes, and changes of signing keys",
      ),
      right(autoscalers, ['list', 'watch'], "to notice that an autoscaler sets a target's count"),
      right(
        { group: 'authorization.k8s.io', resource: 'localsubjectaccessreviews' },
        ['create'],
        'to check whether the trigger may do what a hook needs',
      ),
      right(serviceAccounts, ['get'], 'to check whether the account that a hook names exists'),
      ...drivers.filter(isGiven).flatMap(({ rights }) => validating(rights)),
    ],
  },
  {
    kind: 'Role',
    name: 'receiver-hooks-controller',
    means: "What the controller may do in the product's own namespace.",
    grants: [
      named(signingKeysSecret, right(secrets, ['get', 'list', 'watch'], 'to mint tokens')),
      right(secrets, ['create'], 'to create the signing keys if there are none'),
      named(publicKeysConfigMap, right(configMaps, ['get', 'list', 'watch', 'update'], 'to publish the public keys')),
      right(configMaps, ['create'], 'to publish the public keys for the first time'),
      named(controllerLease, right(leases, ['get', 'update'], 'to become and stay the leader')),
      right(leases, ['create'], 'to become the leader for the first time'),
      named(controllerLease, right(leases, ['list'], 'to notice that etcd was restored')),
    ],
  },
  {
    kind: 'ClusterRole',
    name: 'receiver-hooks-secrets',
    means: 'Lets the controller serve hooks with token.secretName. Optional.',
    grants: [
      right(secrets, ['list'], "to find the Secrets that a hook owns; RBAC can't distinguish those from others"),
      right(secrets, ['create', 'update', 'delete'], 'to put URL and token into the Secret of token.secretName'),
    ],
  },
  {
    kind: 'ClusterRole',
    name: authRole,
    means: 'Lets both serve hooks with auth. Optional.',
    grants: [right(secrets, ['get'], 'to check posts against the Secret that auth names, and whether it exists')],
  },
  {
    kind: 'ClusterRole',
    name: definitionsRole,
    means: 'Lets both serve hooks with custom kinds. Optional: bind it to both, in the whole cluster.',
    grants: [right(customDefinitions, ['get'], 'to see where a custom kind has its count')],
  },
  ...optionalRights(drivers).flatMap(rolesOf),
]

const rolesOf = (rights: Extra): readonly Role[] => [
  {
    kind: 'ClusterRole',
    name: roleOf('trigger', rights.name),
    means: `Lets the trigger serve hooks ${rights.hooks}. Optional.${rights.unlimited === undefined ? '' : ` ${rights.unlimited}`}`,
    grants: rights.trigger,
  },
  ...(isValidated(rights)
    ? [
        {
          kind: 'ClusterRole',
          name: roleOf('controller', rights.name),
          means: `Lets the controller check hooks ${rights.hooks}. Optional.`,
          grants: validating(rights),
        } as const,
      ]
    : []),
]

/** Returns the rights to validate a hook. It is validated against the objects that it acts on, so the controller may read what the trigger reads. */
const validating = ({ trigger }: Pick<Extra, 'trigger'>): Grant[] =>
  trigger
    .filter(({ verbs }) => verbs.includes('get'))
    .map(({ group, resource }) => ({ group, resource, verbs: ['get'], why: 'to check whether a target exists' }))

const right = ({ group, resource }: Pick<Right, 'group' | 'resource'>, verbs: Right['verbs'], why: string): Grant => ({
  group,
  resource,
  verbs,
  why,
})

const named = (name: string, grant: Grant): Grant => ({ ...grant, names: [name] })
