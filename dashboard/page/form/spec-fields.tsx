import { ActionButton } from '../parts/act.tsx'
import { isObject } from '../../../src/api/json.ts'
import type { Schema } from '../../../src/api/schema.ts'
import { declarations, hookSpecSchema } from '../../../src/drivers/schemas.ts'
import type { Targets } from '../../protocol.ts'
import { me } from '../session.ts'
import { Prose } from '../words/prose.tsx'
import { inSentence } from '../words/sentence.ts'
import { Select } from '../parts/text-field.tsx'
import { driverNames, withDriver, type Draft } from './draft.ts'
import { ChoiceField, MemberField, Members } from './field.tsx'
import { FoldedFields } from './folded.tsx'
import { valueAt } from './value.ts'
import { choiceOf, helpOf, isMain, isOffered, labelOf, requiredOf } from './widget.ts'

type Entry = readonly [name: string, schema: Schema]

interface SpecProps {
  readonly draft: Draft
  readonly targets: Targets
  readonly all: boolean
}

/** The driver and its members, then the common members in closed sections. */
export const SpecFields = (props: SpecProps) => {
  const { draft, targets } = props
  const driver = String(draft.spec.value['driver'])
  const declared = declarations.find(({ name }) => name === driver)
  const driverSchema = hookSpecSchema.properties['driver']
  return (
    <>
      {driverSchema && <DriverField draft={draft} schema={driverSchema} />}
      {declared && <DriverMembers key={driver} {...props} declared={declared} />}
      {targets.missing.length > 0 && (
        <p class="help" title={targets.missing.map(({ why }) => why).join('; ')}>
          {me.value?.user} may not list {targets.missing.map(({ kind }) => kind).join(', ')} here: those are not
          offered.
        </p>
      )}
      <SharedMembers {...props} />
    </>
  )
}

const DriverMembers = ({ declared, ...props }: SpecProps & { declared: (typeof declarations)[number] }) => {
  const { draft } = props
  const { name: driver, schema } = declared
  const member = draft.spec.value[driver]
  const members = Object.entries<Schema>(schema.properties).filter(([name]) => isOffered(name, schema, member))
  const required = requiredOf(schema, isObject(member) ? member : {})
  const choice = choiceOf(schema)
  const main = members.filter(([name]) => isMain(name, declared, required))
  const folded = members.filter(entry => !main.includes(entry))
  const field = ([name, inside]: Entry) => (
    <MemberField key={name} {...props} schema={inside} path={[driver, name]} required={required.includes(name)} />
  )
  return (
    <>
      <div class="members">
        {choice && <ChoiceField {...props} schema={schema} choice={choice} path={[driver]} required />}
        {main.filter(([name]) => choice?.of.includes(name) !== true).map(field)}
      </div>
      {folded.length > 0 && (
        <FoldedFields
          title="More about this"
          inside={folded.map(([name, inside]) => inSentence(labelOf(name, inside)))}
          paths={folded.map(([name]) => [driver, name])}
          draft={draft}
        >
          {folded.map(field)}
        </FoldedFields>
      )}
    </>
  )
}

/** The member with the account as which a hook acts. It has a section of its own. */
const account = 'serviceAccountName'

/** The common members: plain values first, then each object. */
const SharedMembers = (props: SpecProps) => {
  const { draft } = props
  const { value } = props.draft.spec
  const shared = Object.entries<Schema>(hookSpecSchema.properties).filter(
    ([name]) =>
      name !== 'driver' && !driverNames.some(known => known === name) && isOffered(name, hookSpecSchema, value),
  )
  const values = shared.filter(([name, schema]) => name !== account && !('properties' in schema))
  const field = ([name, schema]: Entry) => (
    <MemberField key={name} {...props} schema={schema} path={[name]} required={false} />
  )
  return (
    <>
      <FoldedFields
        title="When it runs"
        inside={['pause it', 'only some posts', 'when an alert ends', 'repeats', 'steps that end by themselves']}
        paths={values.map(([name]) => [name])}
        draft={draft}
      >
        {values.map(field)}
      </FoldedFields>
      {shared
        .filter(([name]) => name === account)
        .map(entry => (
          <FoldedFields key={account} title="As whom it acts" paths={[[account]]} draft={props.draft}>
            {field(entry)}
          </FoldedFields>
        ))}
      {shared.map(([name, schema]) => {
        if (!('properties' in schema)) return null
        const choice = choiceOf(schema)
        return (
          <FoldedFields
            key={name}
            title={labelOf(name, schema)}
            inside={
              choice ? [] : Object.entries(schema.properties).map(([member, one]) => inSentence(labelOf(member, one)))
            }
            paths={[[name]]}
            draft={draft}
          >
            {helpOf(schema) !== '' && (
              <p class="help">
                <Prose text={helpOf(schema)} />
              </p>
            )}
            {name === 'token' && <SecretProposal draft={draft} />}
            {choice ? (
              <ChoiceField {...props} schema={schema} choice={choice} path={[name]} required={false} isNamed />
            ) : (
              <Members {...props} schema={schema} path={[name]} required={schema.required ?? []} />
            )}
          </FoldedFields>
        )
      })}
    </>
  )
}

/** Offers a Secret with a name that follows from the hook's, unless the URL is in a Secret or is no secret. */
const SecretProposal = ({ draft }: { draft: Draft }) => {
  const { spec } = draft
  const path = ['token', 'secretName']
  const secret = `${draft.name.value}-url`
  const isNamed = valueAt(spec.value, ['token', 'url']) === 'named'
  if (draft.name.value === '' || isNamed || valueAt(spec.value, path) !== undefined) return null
  return <ActionButton onAct={() => draft.set(path, secret)}>Put the URL into Secret/{secret}</ActionButton>
}

const DriverField = ({ draft, schema }: { draft: Draft; schema: Schema }) => (
  <div class="field">
    <label for="field-driver">{labelOf('driver', schema)}</label>
    <Select
      id="field-driver"
      aria-describedby="field-driver-help"
      value={String(draft.spec.value['driver'])}
      onChoice={driver => (draft.spec.value = withDriver(draft.spec.value, driver))}
      options={declarations.map(({ name, title }) => [name, title])}
    />
    <p class="help" id="field-driver-help">
      <Prose text={helpOf(declarations.find(({ name }) => name === draft.spec.value['driver'])?.schema ?? schema)} />
    </p>
  </div>
)
