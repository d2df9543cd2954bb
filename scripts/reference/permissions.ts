import type { AnyDriver, Right } from '../../src/drivers/driver.ts'
import { code, generated, table } from './markdown.ts'

/** The page that lists what each driver needs. */
export const permissionsPage = (drivers: readonly AnyDriver[]): string => `${generated}
# Permissions

What each driver needs, beside what the roles need for the hooks themselves.
${drivers
  .map(
    ({ name, rights }) => `
## ${name}

The trigger:

${rightsTable(rights.trigger)}

The author of a hook:

${rightsTable(rights.author)}
`,
  )
  .join('')}`

const rightsTable = (rights: readonly Right[]): string =>
  table(
    ['API group', 'resource', 'verbs', 'why'],
    rights.map(({ group, resource, verbs, why }) => [
      group === '' ? 'core' : code(group),
      code(resource),
      verbs.join(', '),
      why,
    ]),
  )
