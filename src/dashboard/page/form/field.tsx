import { Prose } from '../words/prose.tsx'
import { Control, Radios } from './control.tsx'
import type { Draft } from './draft.ts'
import type { Described, FieldProps } from './props.ts'
import { pathText, valueAt, type Path } from './value.ts'
import { helpOf, labelOf, widgetOf, type Widget } from './widget.ts'

/** A member of the spec, as a control with its label, its help and its fault. */
export const Field = (props: FieldProps) => {
  const { draft, path, required, schema } = props
  const widget = widgetOf(schema)
  const name = path.at(-1) ?? ''
  const id = `field-${path.join('-').replaceAll(/[^\w-]/g, '')}`
  const at = pathText(path)
  const mayShow = props.all || draft.touched.value.has(at) || valueAt(draft.spec.value, path) !== undefined
  const fault = draft.refused.value.get(at) ?? (mayShow ? faultAt(draft, at, widget) : undefined)
  if (widget.kind === 'fieldset') return <Fieldset {...props} widget={widget} id={id} fault={fault} />
  if (widget.kind === 'list') return <ListField {...props} widget={widget} id={id} fault={fault} />
  const described: Described = {
    id,
    'aria-describedby': fault === undefined ? `${id}-help` : `${id}-help ${id}-fault`,
    ...(fault === undefined ? {} : { 'aria-invalid': true }),
    ...(required ? { 'aria-required': true } : {}),
  }
  const label = (
    <>
      {labelOf(name, schema)}
      {required && <span aria-hidden="true"> *</span>}
    </>
  )
  const help = (
    <>
      <p class="help" id={`${id}-help`}>
        <Prose text={helpOf(schema)} />
      </p>
      {fault !== undefined && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </>
  )
  if (widget.kind === 'radios') {
    return (
      <div
        class="field"
        role="radiogroup"
        aria-labelledby={`${id}-label`}
        aria-describedby={described['aria-describedby']}
      >
        <span class="label" id={`${id}-label`}>
          {label}
        </span>
        <Radios {...props} widget={widget} id={id} />
        {help}
      </div>
    )
  }
  return (
    <div class={widget.kind === 'checkbox' ? 'field check' : 'field'}>
      <label for={id}>{label}</label>
      <Control {...props} widget={widget} described={described} />
      {help}
    </div>
  )
}

/** The fault of a field; of a reference also that of its name. */
const faultAt = (draft: Draft, at: string, widget: Widget): string | undefined =>
  draft.wrong.value.get(at) ?? (widget.kind === 'reference' ? draft.wrong.value.get(`${at}.name`) : undefined)

type InsideProps<K extends Widget['kind']> = FieldProps & {
  readonly widget: Extract<Widget, { kind: K }>
  readonly id: string
  readonly fault: string | undefined
}

const Fieldset = ({ fault, id, widget, ...props }: InsideProps<'fieldset'>) => {
  const { path, schema } = props
  return (
    <fieldset aria-describedby={`${id}-help`}>
      <legend>{labelOf(path.at(-1) ?? '', schema)}</legend>
      <p class="help" id={`${id}-help`}>
        <Prose text={helpOf(schema)} />
      </p>
      {fault !== undefined && <p class="fault">{fault}</p>}
      {Object.entries(widget.properties).map(([name, member]) => (
        <Field key={name} {...props} schema={member} path={[...path, name]} required={widget.required.includes(name)} />
      ))}
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
  return (
    <fieldset aria-describedby={`${id}-help`}>
      <legend>{label}</legend>
      <p class="help" id={`${id}-help`}>
        <Prose text={helpOf(schema)} />
      </p>
      {fault !== undefined && <p class="fault">{fault}</p>}
      {items.map((_, index) => (
        <div key={index} class="entry">
          <Field {...props} schema={{ title: `${label} ${index + 1}`, ...widget.items }} path={entry(index)} required />
          <button type="button" class="quiet" onClick={() => draft.set(entry(index), undefined)}>
            Remove {label.toLowerCase()} {index + 1}
          </button>
        </div>
      ))}
      {items.length < widget.most && (
        <button type="button" class="quiet" onClick={() => draft.set(path, [...items, empty])}>
          Add to {label.toLowerCase()}
        </button>
      )}
    </fieldset>
  )
}
