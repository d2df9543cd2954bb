import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { isObject, stringAt } from '../../../src/api/json.ts'
import type { Obj } from '../../../src/api/schema.ts'
import type { OfferedTarget, TargetType } from '../../protocol.ts'
import { notProse, Select } from '../parts/text-field.tsx'
import type { Described, FieldProps } from './control.tsx'
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
  const [kind, name] = [stringAt(current, 'kind'), stringAt(current, 'name')]
  const chosen = name === undefined ? '' : keyOf(schema, current)
  const references = new Map(
    targets.targets.map(target => referenceTo(schema, target)).map(each => [keyOf(schema, each), each]),
  )
  if (targets.targets.length === 0 || isTyped.value) return <ByHand {...props} current={current} />
  return (
    <Select
      {...described}
      value={chosen}
      onChoice={value => {
        if (value === byHand) isTyped.value = true
        else draft.set(path, references.get(value))
      }}
      options={[
        ['', 'Choose …'],
        ...(chosen === '' || references.has(chosen) ? [] : [[chosen, `${kind}/${name} (not there)`] as const]),
        ...targets.targets.map(target => [keyOf(schema, referenceTo(schema, target)), titleOf(target)] as const),
        [byHand, 'Another, by its name …'],
      ]}
    />
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
  const titleOfType = ({ apiVersion, kind }: TargetType): string =>
    types.filter(each => each.kind === kind).length > 1 ? `${kind} (${apiVersion})` : kind
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
          <Select
            aria-label={kindSchema?.title}
            value={typeKey(now)}
            onChoice={value => {
              if (value === byHand) return void (isOther.value = true)
              const type = types.find(each => typeKey(each) === value)
              if (type) put({ kind: type.kind, ...(versionSchema && { apiVersion: type.apiVersion }) })
            }}
            options={[
              ...types.map(type => [typeKey(type), titleOfType(type)] as const),
              ...(isOpen ? [[byHand, 'Another kind …'] as const] : []),
            ]}
          />
        )}
        <input
          {...described}
          placeholder={nameSchema?.title}
          {...notProse}
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
