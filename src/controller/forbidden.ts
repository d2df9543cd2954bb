import { accountRights, bindCommand, subjectFlags, type Accounts } from '../api/bind-command.ts'
import type { Problem } from '../api/conditions.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { reasons } from '../api/reasons.ts'
import { closedNamespaces, policyNames } from '../api/names.ts'
import { chartValueOf, definitionsRole, optionalRoleFor, secretsRole, targetsRole } from '../drivers/cluster-roles.ts'
import { isWritten } from '../drivers/driver-rights.ts'
import type { Bound } from '../drivers/driver.ts'
import type { ApiConnection } from '../environment/environment.ts'
import type { ApiError } from '../kube/errors.ts'
import { groupedBy } from '../environment/grouped.ts'
import { policyProblem } from '../kube/policies.ts'
import { records, serviceAccounts } from '../kube/resources.ts'
import { accessInWords, resourceInWords, type Access, type Need } from '../kube/reviews.ts'

/** A hook's namespace and the installation that serves it. */
export interface HookPlace {
  readonly namespace: string
  readonly accounts: Accounts
}

/** The rights that every hook needs, because its record is stored in its namespace. */
export const recordNeeds: readonly Need[] = [{ type: records, verbs: ['get', 'create', 'update'] }]

/** Returns the rights that the trigger needs to act as a service account. */
export const actingNeed = (account: string): Need => ({
  type: serviceAccounts,
  verbs: ['get', 'impersonate'],
  name: account,
})

/**
 * Returns the problem that the admission policy lets the trigger change nothing in the hook's
 * namespace, or undefined. No role changes that, so the message names no command.
 */
export const closedToTrigger = ({ driver }: Bound, { namespace, accounts }: HookPlace): Problem | undefined =>
  driver.rights.trigger.some(isWritten) && closedNamespaces(accounts.namespace).includes(namespace)
    ? {
        reason: 'Forbidden',
        message: `the admission policy ${policyNames.trigger} stops the trigger from changing anything in namespace ${namespace}. Move this hook and its target to another namespace, or set serviceAccountName, so that the hook acts as that account`,
        lasts: 'stalled',
      }
    : undefined

/**
 * Returns the problem of an approval that no admission policy guards, or undefined. `policies` are those that have to
 * be in force, or undefined where no requests are run. Throws the API server's errors.
 */
export const approvalProblem = async (
  { spec: { approval } }: ReceiverHook,
  api: ApiConnection,
  policies: readonly string[] | undefined,
): Promise<Problem | undefined> => {
  if (!approval) return undefined
  const problem = (what: string): Problem => ({
    reason: 'ApprovalUnguarded',
    message: `${what}${reasons.ApprovalUnguarded.means}`,
    lasts: 'stalled',
  })
  if (!policies) return problem('')
  for (const name of policies) {
    const lack = await policyProblem(api, name)
    if (lack !== undefined) return problem(`the admission policy ${name} ${lack}. `)
  }
  return undefined
}

/**
 * Returns the problem that the account of a hook lacks rights, with the commands that grant them. The
 * names of the roles begin with the account's.
 */
export const lackedByAccount = (
  account: string,
  missing: readonly Access[],
  { namespace }: Pick<HookPlace, 'namespace'>,
): Problem => {
  const resources = groupedBy(missing, ({ subresource, type }) => [resourceInWords(type), subresource ?? ''].join('/'))
  return forbidden(
    `this hook acts as ServiceAccount/${account}, which may not ${inWords(missing)} in namespace ${namespace}`,
    [...resources].map(([words, accesses]) => {
      const verbs = [...new Set(accesses.map(({ verb }) => verb))].join(',')
      const resource = words.replace(/\/$/, '')
      const role = `${account}-${resource.replaceAll(/[./]/g, '-')}`
      const create = `kubectl -n ${namespace} create`
      return (
        `${create} role ${role} --verb=${verbs} --resource=${resource} && ` +
        `${create} rolebinding ${role} --role=${role} --serviceaccount=${namespace}:${account}`
      )
    }),
  )
}

/** Returns the problem that the trigger lacks rights for a hook, with the commands that grant them. */
export const lackedByTrigger = (bound: Bound, missing: readonly Access[], place: HookPlace): Problem =>
  forbidden(
    `the trigger may not ${inWords(missing)} in namespace ${place.namespace}, which this hook needs`,
    missing.map(access => commandFor(bound, access, missing, place)),
  )

/**
 * Returns the problem that the controller may not read a hook's target. `error` is the API server's
 * answer.
 */
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
    return forbidden('the controller may not read the definition of the kind that this hook changes', [
      `${command} ${subjectFlags(place.accounts, ['controller', 'trigger'])}`,
    ])
  }
  if (role === undefined) return asAnswered(error)
  return forbidden(
    `the controller may not ${inWords(reads)} in namespace ${place.namespace}, as it must to check this hook`,
    [bindCommand(place.namespace, role, place.accounts, 'controller')],
  )
}

/**
 * Returns the problem that the controller may not write the Secret of `token.secretName`. `error`
 * is the API server's answer.
 */
export const lackedForSecret = (error: ApiError, { namespace, accounts }: HookPlace): Problem =>
  isByRoles(error)
    ? forbidden(`the controller may not keep Secrets in namespace ${namespace}, which token.secretName needs`, [
        bindCommand(namespace, secretsRole, accounts, 'controller'),
      ])
    : asAnswered(error)

/**
 * Returns a problem with the commands that solve it. The chart makes a ClusterRole only where a value
 * asks for it, so the message names the values of those that the commands bind.
 */
const forbidden = (lack: string, commands: readonly string[]): Problem => {
  const bound = commands.flatMap(command => /--clusterrole=(\S+)/.exec(command)?.[1] ?? [])
  const values = [...new Set(bound.flatMap(role => chartValueOf(role) ?? []))]
  const who = values.length === 0 ? 'An' : `With the chart, set ${values.join(' and ')}. Otherwise an`
  return {
    reason: 'Forbidden',
    message: `${lack}. ${who} administrator can grant it with: ${[...new Set(commands)].join(' && ')}`,
    lasts: 'stalled',
  }
}

/** Returns the problem that the API server refused a read, in its words. */
export const asAnswered = ({ message }: ApiError): Problem => ({ reason: 'Forbidden', message, lasts: 'stalled' })

/**
 * Returns whether RBAC refused a request. An admission policy or a webhook may answer 403 too, but no
 * role changes that.
 */
const isByRoles = ({ message }: ApiError): boolean => / User ".*" cannot /.test(message)

const inWords = (accesses: readonly Access[]): string => [...new Set(accesses.map(accessInWords))].join(', ')

/**
 * Returns the command that binds the role with a right. If no role of the installation has it, the
 * command creates one.
 */
const commandFor = (
  { driver }: Bound,
  access: Access,
  missing: readonly Access[],
  { namespace, accounts }: HookPlace,
): string => {
  const { name, type } = access
  if (type.resource === serviceAccounts.resource && name !== undefined) return accountRights(namespace, name, accounts)
  const role = optionalRoleFor(driver, 'trigger', access) ?? givenRole(driver, access)
  if (role !== undefined) return bindCommand(namespace, role, accounts, 'trigger')
  const { group, resource } = access.type
  const same = missing.filter(({ type }) => type.group === group && type.resource === resource)
  const verbs = [...new Set(same.map(({ verb }) => verb))].join(',')
  const made = `receiver-hooks-trigger-${resource}`
  return (
    `kubectl -n ${namespace} create role ${made} --verb=${verbs} --resource=${resource}${group === '' ? '' : `.${group}`} && ` +
    `kubectl -n ${namespace} create rolebinding ${made} --role=${made} ${subjectFlags(accounts, ['trigger'])}`
  )
}

const givenRole = ({ rights }: Bound['driver'], { type: { group, resource } }: Access): string | undefined =>
  resource === records.resource
    ? 'receiver-hooks-trigger'
    : rights.given === 'everywhere' &&
        rights.trigger.some(right => right.group === group && right.resource.split('/')[0] === resource)
      ? targetsRole
      : undefined
