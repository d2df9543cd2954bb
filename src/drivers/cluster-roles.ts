import type { Role } from '../api/bind-command.ts'
import type { Access } from '../kube/reviews.ts'
import type { AnyDriver } from './driver.ts'
import type { Extra } from './driver-rights.ts'

type WithRights = Pick<AnyDriver, 'name' | 'rights'>

/** The ClusterRole with which a trigger scales workloads. */
export const targetsRole = 'receiver-hooks-trigger-targets'

/** The ClusterRole with which the controller writes the Secrets of `token.secretName`. */
export const secretsRole = 'receiver-hooks-secrets'

/** The ClusterRole with which trigger and controller read CRDs. CRDs are cluster-scoped. */
export const definitionsRole = 'receiver-hooks-definitions'

/**
 * Returns the rights that no account has by default. Each has a name for use in roles, components
 * and chart values.
 */
export const optionalRights = (drivers: readonly WithRights[]): readonly Extra[] =>
  drivers.flatMap(driver => {
    const { keeps, trigger, unlimited } = driver.rights
    const name = driver.name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
    const own = {
      name,
      hooks: `with the driver ${driver.name}`,
      readsDefinitions: false,
      trigger,
      keeps,
      ...(unlimited !== undefined && { unlimited }),
    }
    return [...(isGiven(driver) ? [] : [own]), ...(driver.rights.extras ?? [])]
  })

/** Returns whether an installation grants the rights of a driver by default. */
export const isGiven = ({ rights }: WithRights): boolean => rights.given === 'everywhere'

/**
 * Returns whether the controller also may `get` the objects of these rights, to check whether a
 * hook would work.
 */
export const isValidated = ({ trigger }: Pick<Extra, 'trigger'>): boolean =>
  trigger.some(({ verbs }) => verbs.includes('get'))

/** Returns the name of the ClusterRole that gives one of {@link optionalRights} to an account. */
export const roleOf = (account: Role, rights: string): string => `receiver-hooks-${account}-${rights}`

/** Returns the value of the chart that binds an optional ClusterRole. */
export const chartValueOf = (role: string): string | undefined => {
  if (role === definitionsRole) return 'drivers.scale-rollouts.namespaces'
  if (role === secretsRole) return 'secrets.namespaces'
  const [, rights] = /^receiver-hooks-(?:controller|trigger)-(.+)$/.exec(role) ?? []
  return rights && `drivers.${role === targetsRole ? 'scale' : rights}.namespaces`
}

/**
 * Returns the name of the optional ClusterRole that gives `access` to an account for hooks of
 * `driver`. Undefined if there is none.
 */
export const optionalRoleFor = (driver: WithRights, account: Role, access: Access): string | undefined => {
  const { group, resource } = access.type
  const path = access.subresource === undefined ? resource : `${resource}/${access.subresource}`
  const found = optionalRights([driver]).find(({ trigger }) =>
    trigger.some(right => right.group === group && right.resource === path && right.verbs.includes(access.verb)),
  )
  return found && roleOf(account, found.name)
}
