import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { JsonObject } from '../../src/api/json.ts'
import type { Obj, Schema } from '../../src/api/schema.ts'

/**
 * Returns the JSON Schema (draft 7) of a hook's manifest, for editors and for kubeconform. Unknown members are errors, as with
 * `kubectl apply`. The rules between members are not in it: only the API server checks these.
 */
export const jsonSchema = (schema: Obj): string => {
  const { description, properties } = schema
  const manifest: JsonObject = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: hookKind,
    description,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { const: apiVersion },
      kind: { const: hookKind },
      metadata: { type: 'object' },
      ...Object.fromEntries(
        Object.entries(properties)
          .filter(([name]) => name === 'spec' || name === 'status')
          .map(([name, member]) => [name, jsonSchemaOf(member)]),
      ),
    },
    additionalProperties: false,
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/** Members that JSON Schema has too, with the same meaning. */
const shared = [
  'description',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
] as const

const jsonSchemaOf = (schema: Schema): JsonObject => ({
  type: typeOf(schema),
  ...Object.fromEntries(
    shared.flatMap(name => {
      const value: unknown = Reflect.get(schema, name)
      return value === undefined ? [] : [[name, value]]
    }),
  ),
  ...('items' in schema && { items: jsonSchemaOf(schema.items) }),
  ...('additionalProperties' in schema && { additionalProperties: jsonSchemaOf(schema.additionalProperties) }),
  ...('properties' in schema && membersOf(schema)),
})

const typeOf = (schema: Schema): string | readonly string[] => {
  const types = 'type' in schema ? [schema.type] : ['integer', 'string']
  const all = schema.nullable === true ? [...types, 'null'] : types
  return all.length === 1 ? all.join('') : all
}

const membersOf = ({ properties, required = [] }: Obj): JsonObject => {
  // The API server sets what has a default.
  const wanted = required.filter(name => properties[name]?.default === undefined)
  return {
    ...(wanted.length > 0 && { required: wanted }),
    properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, jsonSchemaOf(member)])),
    additionalProperties: false,
  }
}
