import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { isObject, stringAt } from '../../../src/api/json.ts'
import type { Obj } from '../../../src/api/schema.ts'
import type { OfferedTarget, TargetType } from '../../protocol.ts'
import type { Described, FieldProps } from './props.ts'
import { valueAt, filledIn } from './value.ts'
import { isOffered, requiredOf } from './widget.ts'

type PickerProps = FieldProps & {
  readonly schema: Obj
  readonly described: Described
  /** The component for a member's field. It is passed in, because its file imports this one. */
  readonly Member: ComponentType<FieldProps>
}

/** The value of the option with which the user chooses to type a reference or a kind. */
const byHand = 'by hand'

/** Chooses an existing object, or lets the user type a reference. */
export const Picker = (props: PickerProps) => {
  const { described, draft, path, schema, targets } = props
  const isTyped = useSignal(false)
  const current: unknown = filledIn(schema, valueAt(draft.spec.value, path) ?? {})
  const chosen = stringAt(current, 'name') === undefined ? '' : keyOf(schema, current)
  const known = targets.targets.some(target => keyOf(schema, referenceTo(schema, target)) === chosen)
  if (targets.targets.length === 0 || isTyped.value) return <ByHand {...props} current={current} />
  return (
    <select
      {...described}
      value={chosen}
      onChange={event => {
        const { value } = event.currentTarget
        if (value === byHand) return void (isTyped.value = true)
        const found = targets.targets.find(target => keyOf(schema, referenceTo(schema, target)) === value)
        draft.set(path, found && referenceTo(schema, found))
      }}
    >
      <option value="">Choose …</option>
      {chosen !== '' && !known && (
        <option value={chosen}>{`${stringAt(current, 'kind')}/${stringAt(current, 'name')} (not there)`}</option>
      )}
      {targets.targets.map(target => {
        const key = keyOf(schema, referenceTo(schema, target))
        return (
          <option key={key} value={key}>
            {titleOf(target)}
          </option>
        )
      })}
      <option value={byHand}>Another, by its name …</option>
    </select>
  )
}

const titleOf = ({ kind, more = {}, name, owner, replicas }: OfferedTarget): string =>
  [
    [`${kind}/${name}`, ...Object.entries(more).map(([member, value]) => `${member} ${value}`)].join(' '),
    ...(replicas === undefined ? [] : [`, ${replicas} now`]),
    ...(owner === undefined ? [] : [` (set by ${owner})`]),
  ].join('')

/** Returns a reference to a target, with those members that the schema has. */
const referenceTo = (
  schema: Obj,
  { apiVersion, kind, more, name }: OfferedTarget,
): Readonly<Record<string, string>> => ({
  ...('apiVersion' in schema.properties && { apiVersion }),
  kind,
  name,
  ...more,
})

const keyOf = (schema: Obj, reference: unknown): string =>
  Object.keys(schema.properties)
    .map(member => stringAt(reference, member) ?? '')
    // An autoscaler without `count` is the same as with `count: min`.
    .map(value => (value === 'min' ? '' : value))
    .join(' ')

/** Fields for kind, name and the other members of a reference. */
const ByHand = ({ current, ...props }: PickerProps & { readonly current: unknown }) => {
  const { Member, described, draft, path, schema, targets } = props
  const isOther = useSignal(false)
  const required = requiredOf(schema, isObject(current) ? current : {})
  const { apiVersion: versionSchema, kind: kindSchema, name: nameSchema, ...others } = schema.properties
  const typeKey = (type: TargetType): string => (versionSchema ? `${type.apiVersion} ${type.kind}` : type.kind)
  const now: TargetType = { apiVersion: stringAt(current, 'apiVersion') ?? '', kind: stringAt(current, 'kind') ?? '' }
  const types = [...new Map([...targets.types, now].map(type => [typeKey(type), type])).values()]
  const put = (members: Readonly<Record<string, string | undefined>>): void => {
    const raw = valueAt(draft.spec.value, path)
    const made = Object.entries({ ...(isObject(raw) ? raw : {}), ...members }).filter(
      ([, value]) => value !== undefined,
    )
    draft.set(path, made.length === 0 ? undefined : Object.fromEntries(made))
  }
  const field = (member: string) => {
    const inside = schema.properties[member]
    const inner = { ...props, isNamed: false, path: [...path, member], required: required.includes(member) }
    return inside && <Member key={member} {...inner} schema={inside} />
  }
  // Without a list of kinds in the schema, any kind is valid.
  const isOpen = kindSchema !== undefined && !('enum' in kindSchema)
  return (
    <div class="by-hand">
      <div class="kind-and-name">
        {isOther.value ? (
          <div class="pair">
            {field('apiVersion')}
            {field('kind')}
          </div>
        ) : (
          <select
            aria-label={kindSchema?.title}
            value={typeKey(now)}
            onChange={event => {
              const { value } = event.currentTarget
              if (value === byHand) return void (isOther.value = true)
              const type = types.find(each => typeKey(each) === value)
              if (type) put({ kind: type.kind, ...(versionSchema && { apiVersion: type.apiVersion }) })
            }}
          >
            {types.map(type => (
              <option key={typeKey(type)} value={typeKey(type)}>
                {types.filter(({ kind }) => kind === type.kind).length > 1
                  ? `${type.kind} (${type.apiVersion})`
                  : type.kind}
              </option>
            ))}
            {isOpen && <option value={byHand}>Another kind …</option>}
          </select>
        )}
        <input
          {...described}
          placeholder={nameSchema?.title}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          value={stringAt(current, 'name') ?? ''}
          onInput={({ currentTarget: { value } }) => put({ name: value === '' ? undefined : value })}
        />
      </div>
      {Object.keys(others)
        .filter(member => isOffered(member, schema, current))
        .map(field)}
    </div>
  )
}
