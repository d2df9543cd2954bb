import { isObject } from '../../../api/json.ts'
import type { Obj, Schema } from '../../../api/schema.ts'
import { declarations, hookSpecSchema } from '../../../drivers/schemas.ts'
import type { Targets } from '../../protocol.ts'
import { me } from '../session.ts'
import { withDriver, type Draft } from './draft.ts'
import { Field } from './field.tsx'
import { isMain, requiredOf } from './widget.ts'

/** The names of the drivers, the first of which a new hook begins with. */
export const drivers = declarations.map(({ name }) => name)

/** The driver and its members, then what every hook has, folded away. */
export const SpecFields = ({ all, draft, targets }: { draft: Draft; targets: Targets; all: boolean }) => {
  const spec = draft.spec.value
  const driver = String(spec['driver'])
  const declared: Obj | undefined = declarations.find(({ name }) => name === driver)?.schema
  const members = Object.entries<Schema>(declared?.properties ?? {})
  const member = spec[driver]
  const required = declared ? requiredOf(declared, isObject(member) ? member : {}) : []
  const driverSchema = hookSpecSchema.properties['driver']
  const shared = Object.entries(hookSpecSchema.properties).filter(
    ([name]) => name !== 'driver' && !drivers.some(known => known === name),
  )
  const field = ([, schema]: [string, Schema], path: readonly string[], isRequired: boolean) => (
    <Field
      key={path.join('.')}
      schema={schema}
      path={path}
      draft={draft}
      required={isRequired}
      targets={targets}
      all={all}
    />
  )
  const main = members.filter(([name, schema]) => isMain(name, schema, required))
  const folded = members.filter(entry => !main.includes(entry))
  return (
    <>
      {driverSchema && drivers.length > 1 && <DriverField draft={draft} schema={driverSchema} />}
      <div class="members">{main.map(entry => field(entry, [driver, entry[0]], required.includes(entry[0])))}</div>
      {targets.missing.length > 0 && (
        <p class="help" title={targets.missing.map(({ why }) => why).join('; ')}>
          {me.value?.user} may not list {targets.missing.map(({ kind }) => kind).join(', ')} here: those are not
          offered.
        </p>
      )}
      <details>
        <summary>More: alerts, cooldown, token, proof</summary>
        {folded.map(entry => field(entry, [driver, entry[0]], false))}
        {shared.map(entry => field(entry, [entry[0]], false))}
      </details>
    </>
  )
}

const DriverField = ({ draft, schema }: { draft: Draft; schema: Schema }) => (
  <div class="field">
    <label for="field-driver">Driver</label>
    <select
      id="field-driver"
      aria-describedby="field-driver-help"
      value={String(draft.spec.value['driver'])}
      onChange={event => (draft.spec.value = withDriver(draft.spec.value, event.currentTarget.value, drivers))}
    >
      {drivers.map(name => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
    <p class="help" id="field-driver-help">
      {declarations.find(({ name }) => name === draft.spec.value['driver'])?.schema.description ?? schema.description}
    </p>
  </div>
)
