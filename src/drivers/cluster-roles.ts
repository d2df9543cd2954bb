import type { Role } from '../api/bind-command.ts'
import type { Access } from '../kube/reviews.ts'
import type { AnyDriver } from './driver.ts'
import type { Extra } from './rights.ts'

type WithRights = Pick<AnyDriver, 'name' | 'rights'>

/** The ClusterRole with which a trigger runs hooks in a namespace. */
export const targetsRole = 'receiver-hooks-trigger-targets'

/** The ClusterRole with which both roles read the definitions of custom kinds, which are in no namespace. */
export const definitionsRole = 'receiver-hooks-definitions'

/** The rights that nobody has by default, each under the name that roles, components and values of the chart have for it. */
export const optionalRights = (drivers: readonly WithRights[]): readonly Extra[] =>
  drivers.flatMap(driver => {
    const { keeps, trigger } = driver.rights
    const name = driver.name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
    const own = { name, hooks: `with the driver ${driver.name}`, readsDefinitions: false, trigger, keeps }
    return [...(isGiven(driver) ? [] : [own]), ...(driver.rights.extras ?? [])]
  })

/** Whether an installation has the rights of a driver from the beginning. */
export const isGiven = ({ rights }: WithRights): boolean => rights.given === 'everywhere'

/** The role that an account needs besides for what {@link optionalRights} names. */
export const roleOf = (account: Role, rights: string): string => `receiver-hooks-${account}-${rights}`

/** The optional ClusterRole that allows `access` to an account, for a hook of `driver`; undefined where none does. */
export const optionalRoleFor = (driver: WithRights, account: Role, access: Access): string | undefined => {
  const { group, resource } = access.type
  const path = access.subresource === undefined ? resource : `${resource}/${access.subresource}`
  const found = optionalRights([driver]).find(({ trigger }) =>
    trigger.some(right => right.group === group && right.resource === path && right.verbs.includes(access.verb)),
  )
  return found && roleOf(account, found.name)
}
