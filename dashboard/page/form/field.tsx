import { ActionButton } from '../parts/act.tsx'
import { useSignal } from '@preact/signals'
import { isObject } from '../../../src/api/json.ts'
import type { Choice, Obj, Schema } from '../../../src/api/schema.ts'
import { Prose } from '../words/prose.tsx'
import { inSentence } from '../words/sentence.ts'
import { Control, Options, OptionsField, type Described, type FieldProps } from './control.tsx'
import { FoldedFields } from './folded.tsx'
import { Picker } from './picker.tsx'
import { isWithin, pathText, valueAt, type Path } from './value.ts'
import { choiceOf, helpOf, isOffered, labelOf, widgetOf, type Widget } from './widget.ts'

/** A member of the spec: a control with label, help and error message. */
export const MemberField = (props: FieldProps) => {
  const { draft, isNamed, path, required, schema } = props
  const widget = widgetOf(schema)
  const name = path.at(-1) ?? ''
  const id = idOf(path)
  const fault = faultOf(props, widget)
  if (widget.kind === 'fieldset') return <Fieldset {...props} widget={widget} id={id} fault={fault} />
  if (widget.kind === 'list') return <ListField {...props} widget={widget} id={id} fault={fault} />
  const described: Described = {
    id,
    ...describedBy(id, schema, fault),
    ...(fault === undefined ? {} : { 'aria-invalid': true }),
    ...(required ? { 'aria-required': true } : {}),
  }
  const named = widget.kind === 'reference' ? (widget.schema.properties['name'] ?? schema) : schema
  const label = (
    <>
      {labelOf(name, isNamed === true ? named : schema)}
      {required && <span aria-hidden="true"> *</span>}
    </>
  )
  const help = <Help id={id} schema={schema} fault={fault} />
  if (widget.kind === 'checkboxes' || widget.kind === 'radios') {
    return (
      <div
        class="field"
        role={widget.kind === 'checkboxes' ? 'group' : 'radiogroup'}
        aria-labelledby={`${id}-label`}
        {...wrongGroup(fault)}
        {...describedBy(id, schema, fault)}
      >
        <span class="label" id={`${id}-label`}>
          {label}
        </span>
        <OptionsField {...props} widget={widget} id={id} />
        {help}
      </div>
    )
  }
  const isUnseen = isNamed === true && widget.kind !== 'reference'
  return (
    <div class={widget.kind === 'checkbox' ? 'field check' : 'field'}>
      <label for={id} class={isUnseen ? 'unseen' : undefined}>
        {label}
      </label>
      {widget.kind === 'reference' ? (
        <Picker key={path.join('.')} {...props} schema={widget.schema} described={described} Member={MemberField} />
      ) : (
        <Control key={draft.namespace.value} {...props} widget={widget} described={described} />
      )}
      {help}
    </div>
  )
}

const Help = ({ fault, id, schema }: { id: string; schema: Schema; fault: string | undefined }) => (
  <>
    {helpOf(schema) !== '' && (
      <p class="help" id={`${id}-help`}>
        <Prose text={helpOf(schema)} />
      </p>
    )}
    <Fault id={id} fault={fault} />
  </>
)

const Fault = ({ fault, id }: { id: string; fault: string | undefined }) =>
  fault === undefined ? null : (
    <p class="fault" id={`${id}-fault`}>
      <Prose text={fault} />
    </p>
  )

/** Returns the ids of the texts that describe the field: its help and its error, if they exist. */
const describedBy = (
  id: string,
  schema: Schema,
  fault: string | undefined,
): { readonly 'aria-describedby'?: string } => {
  const texts = [...(helpOf(schema) === '' ? [] : [`${id}-help`]), ...(fault === undefined ? [] : [`${id}-fault`])]
  return texts.length === 0 ? {} : { 'aria-describedby': texts.join(' ') }
}

/** Returns the attributes of a group, which takes the focus as a whole if it is wrong. */
const wrongGroup = (
  fault: string | undefined,
): { readonly tabIndex: number; readonly 'data-wrong': string | undefined } => ({
  tabIndex: -1,
  'data-wrong': fault === undefined ? undefined : '',
})

const idOf = (path: Path): string => `field-${path.join('-').replaceAll(/[^\w-]/g, '')}`

/**
 * Returns the error of a field: the API server's, or else the form's own. An empty field shows the
 * form's own error only after the user has changed it or tried to save.
 */
const faultOf = ({ all, draft, path }: FieldProps, widget: Widget): string | undefined => {
  const at = pathText(path)
  const mayShow = all || draft.touched.value.has(at) || !isBlank(valueAt(draft.spec.value, path))
  const fault =
    faultAt(draft.refused.value, at, widget) ?? (mayShow ? faultAt(draft.wrong.value, at, widget) : undefined)
  return fault === 'must be set' && isChosen(widget) ? 'choose one' : fault
}

/** Returns whether the user chooses the value, and does not type it. */
const isChosen = ({ kind }: Widget): boolean => ['select', 'radios', 'checkboxes', 'reference'].includes(kind)

/** Returns whether nothing has been filled in. A chosen but empty object counts as blank. */
const isBlank = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.every(isBlank)
  return value === undefined || value === '' || (isObject(value) && Object.keys(value).length === 0)
}

/** Controls that show the members of their value. So they also show the errors of these members. */
const shownWhole: ReadonlySet<Widget['kind']> = new Set(['reference', 'lines', 'pairs', 'checkboxes'])

const faultAt = (faults: ReadonlyMap<string, string>, at: string, { kind }: Widget): string | undefined => {
  const own = faults.get(at)
  if (own !== undefined || !shownWhole.has(kind)) return own
  return [...faults].find(([path]) => isWithin(path, at))?.[1]
}

type InsideProps<K extends Widget['kind']> = FieldProps & {
  readonly widget: Extract<Widget, { kind: K }>
  readonly id: string
  readonly fault: string | undefined
}

const Fieldset = ({ fault, id, widget, ...props }: InsideProps<'fieldset'>) => {
  const { draft, isNamed, path, required } = props
  const { schema } = widget
  const choice = choiceOf(schema)
  if (choice !== undefined) return <ChoiceField {...props} schema={schema} choice={choice} />
  // An optional member requires nothing of its own members until one of them is set.
  if (!required && isNamed !== true) {
    return (
      <FoldedFields title={labelOf(path.at(-1) ?? '', schema)} paths={[path]} draft={draft}>
        <Help id={id} schema={schema} fault={fault} />
        <Members {...props} isNamed={false} schema={schema} required={schema.required ?? []} />
      </FoldedFields>
    )
  }
  return (
    <fieldset {...wrongGroup(fault)} {...describedBy(id, schema, fault)}>
      <legend class={isNamed === true ? 'unseen' : undefined}>{labelOf(path.at(-1) ?? '', schema)}</legend>
      <Help id={id} schema={schema} fault={fault} />
      <Members {...props} isNamed={false} schema={schema} required={schema.required ?? []} />
    </fieldset>
  )
}

/** The fields of an object's members. */
export const Members = ({
  required,
  schema,
  ...props
}: Omit<FieldProps, 'required' | 'schema'> & { readonly schema: Obj; readonly required: readonly string[] }) => (
  <>
    {Object.entries(schema.properties)
      .filter(([name]) => isOffered(name, schema, valueAt(props.draft.spec.value, props.path)))
      .map(([name, member]) => (
        <MemberField
          key={name}
          {...props}
          schema={member}
          path={[...props.path, name]}
          required={required.includes(name)}
        />
      ))}
  </>
)

/** An object of whose members only one may be set: the choice of that member, then its fields. */
export const ChoiceField = ({ choice, schema, ...props }: FieldProps & { choice: Choice; schema: Obj }) => {
  const { all, draft, isNamed, path, required } = props
  const id = `${idOf(path)}-choice`
  const value = valueAt(draft.spec.value, path)
  const chosen = choice.of.find(member => isObject(value) && value[member] !== undefined)
  const member = chosen === undefined ? undefined : schema.properties[chosen]
  const fault = all && chosen === undefined ? draft.wrong.value.get(pathText(path)) : undefined
  const named = choice.of.map(name => [name, labelOf(name, schema.properties[name] ?? schema)] as const)
  return (
    <fieldset class="choice" {...wrongGroup(fault)} aria-describedby={fault === undefined ? undefined : `${id}-fault`}>
      <legend class={isNamed === true ? 'unseen' : undefined}>
        {choice.title}
        {required && <span aria-hidden="true"> *</span>}
      </legend>
      <Options
        type="radio"
        name={id}
        options={[...(choice.none === undefined ? [] : [['', choice.none] as const]), ...named]}
        isChosen={name => name === (chosen ?? '')}
        onChoice={name => draft.choose(path, name === '' ? undefined : name)}
      />
      <Fault id={id} fault={fault} />
      {chosen !== undefined && member !== undefined && (
        <MemberField key={chosen} {...props} isNamed schema={member} path={[...path, chosen]} required />
      )}
    </fieldset>
  )
}

const ListField = ({ fault, id, widget, ...props }: InsideProps<'list'>) => {
  const { draft, path, schema } = props
  const raw = valueAt(draft.spec.value, path)
  const items: readonly unknown[] = Array.isArray(raw) ? raw : []
  const label = labelOf(path.at(-1) ?? '', schema)
  const entry = (index: number): Path => [...path, `[${index}]`]
  const empty = widgetOf(widget.items).kind === 'fieldset' ? {} : ''
  // A control may hold the typed text of its entry. After a removal each index is another entry.
  const removals = useSignal(0)
  const remove = (index: number, list: HTMLElement | null): void => {
    removals.value += 1
    draft.set(entry(index), undefined)
    // The button that had the focus is gone.
    list?.focus()
  }
  return (
    <fieldset {...wrongGroup(fault)} {...describedBy(id, schema, fault)}>
      <legend>{label}</legend>
      <Help id={id} schema={schema} fault={fault} />
      {items.map((_, index) => (
        <div key={`${removals.value} ${index}`} class="entry">
          <MemberField
            {...props}
            schema={{ title: `${label} ${index + 1}`, ...widget.items }}
            path={entry(index)}
            required
          />
          <button
            type="button"
            class="quiet"
            onClick={({ currentTarget }) => remove(index, currentTarget.closest('fieldset'))}
          >
            Remove {inSentence(label)} {index + 1}
          </button>
        </div>
      ))}
      {items.length < widget.most && (
        <ActionButton onAct={() => draft.set(path, [...items, empty])}>Add to {inSentence(label)}</ActionButton>
      )}
    </fieldset>
  )
}
