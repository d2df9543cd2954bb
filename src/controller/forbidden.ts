import { bindCommand, subjects, type Accounts } from '../api/bind-command.ts'
import type { Problem } from '../api/conditions.ts'
import { definitionsRole, optionalRoleFor, targetsRole } from '../drivers/cluster-roles.ts'
import type { Bound } from '../drivers/driver.ts'
import type { ApiError } from '../kube/errors.ts'
import { records } from '../kube/resources.ts'
import { accessInWords, type Access, type Need } from '../kube/reviews.ts'

/** Where a hook is, and which installation serves it. */
export interface HookPlace {
  readonly namespace: string
  readonly accounts: Accounts
}

/** What every hook needs: its deliveries are remembered in an object next to it. */
export const recordNeeds: readonly Need[] = [{ type: records, verbs: ['get', 'create', 'update'] }]

/** Says what the trigger lacks for a hook, and the commands that give it. */
export const lackedByTrigger = (bound: Bound, missing: readonly Access[], place: HookPlace): Problem =>
  forbidden(
    `the trigger may not ${inWords(missing)} in namespace ${place.namespace}, which this hook needs`,
    missing.map(access => commandFor(bound, access, missing, place)),
  )

/** Says what the controller lacks to look at what a hook acts on. `error` is what it was answered. */
export const lackedByController = (
  bound: Bound,
  needs: readonly Need[],
  error: ApiError,
  place: HookPlace,
): Problem => {
  const reads = needs.flatMap(({ verbs, ...need }) => (verbs.includes('get') ? [{ ...need, verb: 'get' }] : []))
  const roles = reads.map(access => optionalRoleFor(bound.driver, 'controller', access))
  const role = roles.find(found => found !== undefined)
  if (!isByRoles(error)) return asAnswered(error)
  if (/ resource "customresourcedefinitions" /.test(error.message)) {
    const command = `kubectl create clusterrolebinding ${definitionsRole} --clusterrole=${definitionsRole}`
    return forbidden('the controller may not read the definition of the kind that this hook acts on', [
      `${command} ${subjects(place.accounts, ['controller', 'trigger'])}`,
    ])
  }
  if (role === undefined) return asAnswered(error)
  return forbidden(
    `the controller may not ${inWords(reads)} in namespace ${place.namespace}, which it looks at for this hook`,
    [bindCommand(place.namespace, role, place.accounts, 'controller')],
  )
}

/** The ClusterRole with which the controller keeps the Secrets of `token.secretName`. */
const secretsRole = 'receiver-hooks-secrets'

/** Says what the controller lacks to keep the Secret of `token.secretName`. `error` is what it was answered. */
export const lackedForSecret = (error: ApiError, { namespace, accounts }: HookPlace): Problem =>
  isByRoles(error)
    ? forbidden(`the controller may not keep Secrets in namespace ${namespace}, which token.secretName needs`, [
        bindCommand(namespace, secretsRole, accounts, 'controller'),
      ])
    : asAnswered(error)

const forbidden = (lack: string, commands: readonly string[]): Problem => ({
  reason: 'Forbidden',
  message: `${lack}. An administrator gives it with: ${[...new Set(commands)].join(' && ')}`,
  lasts: 'stalled',
})

const asAnswered = ({ message }: ApiError): Problem => ({ reason: 'Forbidden', message, lasts: 'stalled' })

/** RBAC answers like this. An admission policy answers 403 as well, and no role changes that. */
const isByRoles = ({ message }: ApiError): boolean => / User ".*" cannot /.test(message)

const inWords = (accesses: readonly Access[]): string => [...new Set(accesses.map(accessInWords))].join(', ')

/** Binds the role of the installation that has a right; makes one where a hook acts on a kind that none is for. */
const commandFor = (
  { driver }: Bound,
  access: Access,
  missing: readonly Access[],
  { namespace, accounts }: HookPlace,
): string => {
  const role = optionalRoleFor(driver, 'trigger', access) ?? (isInTargetsRole(driver, access) ? targetsRole : undefined)
  if (role !== undefined) return bindCommand(namespace, role, accounts, 'trigger')
  const { group, resource } = access.type
  const same = missing.filter(({ type }) => type.group === group && type.resource === resource)
  const verbs = [...new Set(same.map(({ verb }) => verb))].join(',')
  const made = `receiver-hooks-trigger-${resource}`
  return (
    `kubectl -n ${namespace} create role ${made} --verb=${verbs} --resource=${resource}${group === '' ? '' : `.${group}`} && ` +
    `kubectl -n ${namespace} create rolebinding ${made} --role=${made} ${subjects(accounts, ['trigger'])}`
  )
}

const isInTargetsRole = ({ rights }: Bound['driver'], { type: { group, resource } }: Access): boolean =>
  resource === records.resource ||
  (rights.given === 'everywhere' &&
    rights.trigger.some(right => right.group === group && right.resource.split('/')[0] === resource))
