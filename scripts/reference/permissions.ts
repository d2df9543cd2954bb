import type { AnyDriver } from '../../src/drivers/driver.ts'
import type { Asked, Kept, Right } from '../../src/drivers/driver-rights.ts'
import { common } from '../deploy/policies.ts'
import type { Role } from '../deploy/roles.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page that lists every right of the product, and what the author of a hook needs. */
export const permissionsPage = (roles: readonly Role[], drivers: readonly AnyDriver[]): string => `${generated}
# Permissions

The roles that \`deploy/kustomize/base\` gives to the two service accounts, \`receiver-hooks-controller\` and
\`receiver-hooks-trigger\`. Roles are bound in the product's own namespace, ClusterRoles everywhere, unless it says otherwise below.
${roles.map(roleSection).join('')}
## What the trigger's account may do with them

An admission policy keeps that account to what hooks do, so that an attacker who has it can do no more: it changes nothing in
\`kube-system\` and in the product's own namespace, and of what it may update no more than the drivers change.
[What it costs each step](../../contributing/performance.md#the-policy-for-the-triggers-account).
${keptBy(drivers)
  .map(({ only, resource }) => `\n- Of ${code(resource)}: ${only}.`)
  .join('')}
Another lets nobody but that account write \`receiverhookrecords\`, those to which an administrator has bound the ClusterRole
\`receiver-hooks-records\` in the whole cluster, and who may do everything there anyway. A third keeps the controller's account to the
Secrets that a ReceiverHook owns, and to the type \`Opaque\`. A fourth
bounds the metadata of hooks ([limits](http.md#limits-of-objects)). A fifth lets nobody change the public keys who may not read the signing keys, so that
the right to [stop all hooks](../how-to/operate.md) is no more than that.

## The author of a hook

To create a hook or change its spec, you need the right to write \`receiverhooks\` in its namespace (\`edit\` and \`admin\` have it; \`view\` has
nothing, since the status holds the URL), and what the hook needs of its author. An admission policy sees to it.
A change that only sets \`suspend: true\`, raises \`token.rotation\` or sets \`token.overlap\` needs no more than the right to write the hook: if you
may delete a hook, you may also close it.

${askedTable([
  ...common.map(asked => ['any', asked] as const),
  ...drivers.flatMap(({ name, rights }) => rights.author.map(asked => [name, asked] as const)),
])}
`

const keptBy = (drivers: readonly AnyDriver[]): readonly Kept[] =>
  drivers.flatMap(({ rights }) => [rights, ...(rights.extras ?? [])].flatMap(({ keeps }) => keeps))

const askedTable = (asked: readonly (readonly [driver: string, Asked])[]): string =>
  table(
    ['driver', 'right', 'why'],
    byReason(asked.map(([driver, { right, why }]) => [driver === 'any' ? driver : code(driver), right, why])),
  )

/** Returns one row for each driver and reason, with all rights that it asks for: each form of `auth` asks for the same. */
const byReason = (rows: readonly (readonly [driver: string, right: string, why: string])[]): readonly string[][] => {
  const found = new Map<string, { driver: string; rights: Set<string>; why: string }>()
  for (const [driver, right, why] of rows) {
    const row = found.get(`${driver}|${why}`) ?? { driver, rights: new Set(), why }
    row.rights.add(right)
    found.set(`${driver}|${why}`, row)
  }
  return [...found.values()].map(({ driver, rights, why }) => [driver, [...rights].join('; '), why])
}

const roleSection = ({ grants, kind, means, name }: Role): string =>
  `\n## ${kind} \`${name}\`\n\n${means}\n\n${grantTable(grants)}\n`

const grantTable = (grants: readonly (Right & { readonly names?: readonly string[] })[]): string =>
  table(
    ['API group', 'resource', 'verbs', 'why'],
    grants.map(({ group, names, resource, verbs, why }) => [
      group === '' ? 'core' : code(group),
      [resource, ...(names ?? [])].map(code).join(' '),
      verbs.join(', '),
      why,
    ]),
  )
