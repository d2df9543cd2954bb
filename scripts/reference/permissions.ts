import type { AnyDriver } from '../../src/drivers/driver.ts'
import type { Asked, Kept, Right } from '../../src/drivers/driver-rights.ts'
import { common } from '../deploy/policies.ts'
import type { Role } from '../deploy/roles.ts'
import { code, generated, table } from './markdown.ts'

/** Returns the page that lists every right of the product, and what the author of a hook needs. */
export const permissionsPage = (roles: readonly Role[], drivers: readonly AnyDriver[]): string => `${generated}
# Permissions

Every right that the two service accounts, \`receiver-hooks-controller\` and \`receiver-hooks-trigger\`, have after an installation from
\`deploy/kustomize/base\`, or that you can give them. Unless stated otherwise, Roles are bound in the product's own namespace, and ClusterRoles in the
whole cluster. Nobody has an optional role until you bind it.
${roles
  .filter(role => !isCheck(role))
  .map(roleSection)
  .join('')}
## The controller's ClusterRoles for targets

With these, the controller can \`get\` targets, to check whether they exist. Nobody has them until you bind them.

${table(
  ['ClusterRole', 'API group', 'resource'],
  roles
    .filter(isCheck)
    .flatMap(({ grants, name }) =>
      [...Map.groupBy(grants, ({ group }) => group)].map(([group, same]) => [
        code(name),
        groupName(group),
        same.map(({ resource }) => code(resource)).join(', '),
      ]),
    ),
)}

## What the trigger's account may do with them

RBAC can't say "only the replicas", so an admission policy does. Even an attacker with the trigger's account can change nothing in
\`kube-system\` and in the product's own namespace, and elsewhere only what the drivers change ([at what cost](../../contributing/performance.md#the-policy-for-the-triggers-account)):
${keptBy(drivers)
  .map(([only, resources]) => `\n- ${resources.map(code).join(', ')}: ${only}.`)
  .join('')}

Four more policies:

- Only the trigger's account writes \`receiverhookrecords\`, apart from administrators and accounts bound to the ClusterRole
  \`receiver-hooks-records\` in the whole cluster.
- The controller's account writes only Secrets of type \`Opaque\` that a ReceiverHook owns.
- The metadata of hooks is [limited](http.md#limits-of-objects).
- To change the public keys, you must be able to read the signing keys. So the right to [stop all hooks](../how-to/operate.md) allows nothing else.

## The author of a hook

To create a hook or change its spec, you need the right to write \`receiverhooks\` in its namespace (\`edit\` and \`admin\` have it; \`view\` can't even
read hooks, because the status contains the URL). You also need the rights below, so that nobody can do more with a hook than without it. An admission
policy checks them. If you only set \`suspend: true\`, raise \`token.rotation\` or set \`token.overlap\`, the right to write the hook is enough.

${askedTable([
  ...common.map(asked => ['any', asked] as const),
  ...drivers.flatMap(({ name, rights }) => rights.author.map(asked => [name, asked] as const)),
])}
`

/** Returns what may be changed, and of which resources. */
const keptBy = (drivers: readonly AnyDriver[]): readonly (readonly [only: string, resources: readonly string[]])[] => {
  const kept: readonly Kept[] = drivers.flatMap(({ rights }) =>
    [rights, ...(rights.extras ?? [])].flatMap(({ keeps }) => keeps),
  )
  return [...Map.groupBy(kept, ({ only }) => only)].map(([only, same]) => [only, same.map(({ resource }) => resource)])
}

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

/** Returns whether a role only lets the controller check that targets exist. */
const isCheck = ({ grants, kind, name }: Role): boolean =>
  kind === 'ClusterRole' &&
  name.startsWith('receiver-hooks-controller-') &&
  grants.every(({ verbs }) => verbs.join(' ') === 'get')

const groupName = (group: string): string => (group === '' ? 'core' : code(group))

const roleSection = ({ grants, kind, means, name }: Role): string =>
  `\n## ${kind} \`${name}\`\n\n${means}\n\n${grantTable(grants)}\n`

const grantTable = (grants: readonly (Right & { readonly names?: readonly string[] })[]): string =>
  table(
    ['API group', 'resource', 'verbs', 'why'],
    [
      ...Map.groupBy(grants, ({ group, names, verbs, why }) => JSON.stringify([group, names, verbs, why])).values(),
    ].flatMap(alike =>
      alike
        .slice(0, 1)
        .map(({ group, names = [], verbs, why }) => [
          groupName(group),
          [alike.map(({ resource }) => code(resource)).join(', '), ...names.map(code)].join(' '),
          verbs.join(', '),
          why,
        ]),
    ),
  )
