import type { AnyDriver, Right } from '../../src/drivers/driver.ts'
import type { Role } from '../deploy/roles.ts'
import { code, generated, table } from './markdown.ts'

/** The page that lists every right of the product, and what the author of a hook needs. */
export const permissionsPage = (roles: readonly Role[], drivers: readonly AnyDriver[]): string => `${generated}
# Permissions

The roles that \`deploy/kustomize/base\` gives to the two service accounts, \`receiver-hooks-controller\` and
\`receiver-hooks-trigger\`. Roles are bound in the product's own namespace, ClusterRoles everywhere.
${roles.map(roleSection).join('')}
## The author of a hook

Who creates a hook or changes its spec needs the right to write \`receiverhooks\` in its namespace (the ClusterRoles \`edit\` and
\`admin\` have it; \`view\` has nothing, since the status holds the URL), and what the hook needs of its author. An admission policy
sees to it. A target of a kind that is not listed asks for \`patch\` on \`*\` in its API group, \`auth\` for \`get\` on the Secret that it names, and \`token.secretName\` for \`create\` on
\`secrets\`.
${drivers.map(({ name, rights }) => `\nThe driver \`${name}\`:\n\n${grantTable(rights.author)}\n`).join('')}`

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
