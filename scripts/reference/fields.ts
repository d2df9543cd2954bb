import type { Obj, Schema } from '../../src/api/schema.ts'
import { code, generated, table } from './markdown.ts'
import { versionsSection } from './versions.ts'

/** Returns the page that describes every field of the resource, from its schema. */
export const fieldsPage = (schema: Obj): string => `${generated}
# ReceiverHook

\`apiVersion: receiverhooks.dev/v1alpha1\`, \`kind: ReceiverHook\`, namespaced, short name \`rhook\`.
${schema.description ?? ''}

[A JSON Schema](../../deploy/schema/receiverhook_v1alpha1.json) of a manifest completes and checks fields in editors with the YAML language
server, and in pipelines:

\`\`\`yaml
# yaml-language-server: $schema=deploy/schema/receiverhook_v1alpha1.json
\`\`\`

\`\`\`sh
kubeconform -strict -schema-location default -schema-location 'deploy/schema/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json' hooks.yaml
\`\`\`

It doesn't know the rules below. Only the API server checks these, even with \`kubectl apply --dry-run=server\`.

## spec

${fieldTable('spec', schema.properties['spec'])}

### Rules

The API server refuses a manifest that breaks one of these, with the message on the right. It also refuses a manifest that lacks the field that \`driver\` names, or has the field of another driver.

${table(['field', 'message'], byMessage(rulesOf('spec', schema.properties['spec']).filter(([, message = '']) => !ofDriver.test(message))))}

## status

Only the controller writes it. \`token\` and \`triggerURL\` are secrets: anyone who can read the status can run the hook.

${fieldTable('status', schema.properties['status'])}

${versionsSection}`

/** What the rules say of the field of each driver. */
const ofDriver = /^must (?:not )?be set, because driver is /

/** Returns a row for each message, with all fields that it is about. */
const byMessage = (rules: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  [...new Set(rules.map(([, message = '']) => message))].map(message => [
    rules.flatMap(([field = '', own]) => (own === message ? [field] : [])).join(', '),
    message,
  ])

const fieldTable = (path: string, schema: Schema | undefined): string =>
  table(['field', 'type', 'default', 'meaning'], alikeOnce(rows(path, schema)))

/** How many fields that differ only in their paths share one row. */
const shareOne = 4

/** Returns the rows, with one for fields such as the key of a Secret, which many parts have with the same meaning. */
const alikeOnce = (all: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  all.flatMap(row => {
    const [, ...said] = row
    const alike = all.filter(([, ...others]) => others.join(' | ') === said.join(' | '))
    if (alike.length < shareOne) return [row]
    return alike[0] === row ? [[alike.map(([field]) => field).join(', '), ...said]] : []
  })

const rows = (path: string, schema: Schema | undefined): string[][] =>
  schema && 'properties' in schema
    ? Object.entries(schema.properties).flatMap(([name, field]) => {
        const required = schema.required?.includes(name) === true && field.default === undefined
        const here = `${path}.${name}`
        return [
          [code(here), typeOf(field), required ? 'required' : defaultOf(field), meaningOf(field)],
          ...rows(here, field),
        ]
      })
    : []

const typeOf = (schema: Schema): string => {
  if (!('type' in schema)) return 'integer or string'
  if (schema.type === 'string' && schema.enum) return schema.enum.map(code).join(' or ')
  return schema.type === 'array' ? 'list' : schema.type
}

const defaultOf = (schema: Schema): string => (schema.default === undefined ? '' : code(JSON.stringify(schema.default)))

const meaningOf = (schema: Schema): string => {
  const least = 'minimum' in schema && schema.minimum !== undefined ? ` At least ${schema.minimum}.` : ''
  return `${schema.description ?? ''}${least}`
}

const rulesOf = (path: string, schema: Schema | undefined): string[][] => {
  if (!schema) return []
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ fieldPath = '', message }) => [
    code(path + fieldPath),
    message,
  ])
  return [...own, ...membersOf(path, schema).flatMap(([inner, field]) => rulesOf(inner, field))]
}

const membersOf = (path: string, schema: Schema): readonly (readonly [string, Schema])[] => {
  if ('items' in schema) return [[`${path}[]`, schema.items]]
  if ('additionalProperties' in schema) return [[`${path}.*`, schema.additionalProperties]]
  return 'properties' in schema
    ? Object.entries(schema.properties).map(([name, field]) => [`${path}.${name}`, field] as const)
    : []
}
