import { isObject } from '../../../src/api/json.ts'
import { hookSpecSchema } from '../../../src/drivers/schemas.ts'
import { putAt, valueAt, type Path, type Value } from './value.ts'
import { choiceOf, emptyOf, schemaAt } from './widget.ts'

/**
 * Sets the value at a path of a spec. A chosen member stays chosen if its last value is removed.
 * Otherwise removing the last value of `auth` would make a hook that requires no authentication.
 */
export const putKeeping = (spec: Value, path: Path, value: unknown): Value => {
  let put = putAt(spec, path, value)
  for (const chosen of choicesOn(path)) {
    const schema = schemaAt(hookSpecSchema, chosen)
    if (schema !== undefined && valueAt(put, chosen) === undefined) put = putAt(put, chosen, emptyOf(schema))
  }
  return asSpec(put)
}

/** Chooses one member of the object at a path, with an empty value. Undefined chooses none. */
export const putChosen = (spec: Value, path: Path, member: string | undefined): Value => {
  const schema = schemaAt(hookSpecSchema, path)
  const choice = schema && choiceOf(schema)
  if (choice === undefined) return spec
  let put: unknown = spec
  for (const other of choice.of) if (other !== member) put = putAt(put, [...path, other], undefined)
  if (member === undefined) return asSpec(put)
  const chosen = [...path, member]
  const inside = schemaAt(hookSpecSchema, chosen)
  return asSpec(inside === undefined || valueAt(put, chosen) !== undefined ? put : putAt(put, chosen, emptyOf(inside)))
}

/**
 * Returns those beginnings of a path that end at a member of a choice, such as `auth.bearer` for a
 * path inside of it.
 */
const choicesOn = (path: Path): readonly Path[] =>
  path.flatMap((member, index) => {
    const schema = schemaAt(hookSpecSchema, path.slice(0, index))
    return schema && choiceOf(schema)?.of.includes(member) === true ? [path.slice(0, index + 1)] : []
  })

const asSpec = (put: unknown): Value => (isObject(put) ? { ...put } : {})
