import type { JSX } from 'preact'
import type { Schema } from '../../../src/api/schema.ts'
import { Json } from './json.tsx'
import { Lines } from './lines.tsx'
import type { ControlProps, Described, FieldProps } from './props.ts'
import { namedAt, Suggestions } from './suggestions.tsx'
import { valueAt } from './value.ts'
import type { SelectOption, Widget } from './widget.ts'

/** The control of a field whose value is not shown as several fields, with the names that it offers. */
export const Control = (props: ControlProps): JSX.Element => {
  const { described, draft, path } = props
  const isNamed = namedAt(draft.spec.value, path) !== undefined
  return (
    <>
      <Bare {...props} />
      {isNamed && <Suggestions draft={draft} id={`${described.id}-names`} path={path} />}
    </>
  )
}

const Bare = (props: ControlProps): JSX.Element => {
  const { described, draft, path, schema, widget } = props
  const raw = valueAt(draft.spec.value, path)
  const set = (value: unknown): void => draft.set(path, value === '' ? undefined : value)
  const byDefault = shownAs(schema.default)
  const shown = shownAs(raw)
  const text = {
    ...described,
    spellcheck: false,
    autocapitalize: 'off',
    autocomplete: 'off',
    placeholder: byDefault,
    value: shown,
  } as const
  const offers = namedAt(draft.spec.value, path)
    ? ({ ...text, type: 'text', list: `${described.id}-names` } as const)
    : text
  switch (widget.kind) {
    case 'radios':
    case 'select':
      return <Select {...{ byDefault, described, shown }} options={widget.options} onChoice={set} />
    case 'number':
      return (
        <input
          {...text}
          class="short"
          type="number"
          inputMode="numeric"
          min={widget.least}
          max={widget.most}
          step={widget.whole ? 1 : 'any'}
          onInput={event => set(event.currentTarget.value === '' ? undefined : Number(event.currentTarget.value))}
        />
      )
    case 'count-or-share':
      return (
        <input
          {...offers}
          class="short"
          onInput={event => {
            const typed = event.currentTarget.value.trim()
            set(/^\d+$/.test(typed) ? Number(typed) : typed)
          }}
        />
      )
    case 'checkbox':
      return (
        <input
          {...described}
          type="checkbox"
          checked={(raw ?? schema.default) === true}
          onChange={event => set(event.currentTarget.checked)}
        />
      )
    case 'code':
      return <textarea {...text} rows={3} onInput={event => set(event.currentTarget.value)} />
    case 'duration':
      return <input {...text} class="short" onInput={event => set(event.currentTarget.value.trim())} />
    case 'lines':
    case 'pairs':
      return <Lines {...props} />
    case 'json':
      return <Json {...props} />
    case 'text':
      // An empty field means an empty value. A placeholder would suggest that the default applies.
      if (byDefault !== '' && mayBeEmpty(schema)) {
        return (
          <input
            {...text}
            placeholder=""
            value={shownAs(raw ?? schema.default)}
            onInput={event => draft.set(path, event.currentTarget.value)}
          />
        )
      }
      return <input {...offers} onInput={event => set(event.currentTarget.value)} />
  }
}

/** A control that chooses one value from a drop-down list. */
const Select = (props: {
  readonly described: Described
  readonly options: readonly SelectOption[]
  readonly shown: string
  readonly byDefault: string
  readonly onChoice: (value: string) => void
}) => (
  <select
    {...props.described}
    value={props.shown === '' ? props.byDefault : props.shown}
    onChange={event => props.onChoice(event.currentTarget.value)}
  >
    {props.byDefault === '' && <option value="">Choose …</option>}
    {props.options.map(({ title, value }) => (
      <option key={value} value={value}>
        {title}
      </option>
    ))}
  </select>
)

/** Returns whether an empty text is a valid value. */
const mayBeEmpty = (schema: Schema): boolean =>
  'type' in schema &&
  schema.type === 'string' &&
  (schema.minLength ?? 0) === 0 &&
  (schema['x-kubernetes-validations'] ?? []).every(({ holds }) => holds?.('') !== false)

/** Returns a value as the text of an input. */
const shownAs = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

/** A control that chooses one of a few values, which are all visible. */
export const Radios = ({
  draft,
  id,
  path,
  widget,
}: FieldProps & { readonly id: string; readonly widget: Extract<Widget, { kind: 'radios' | 'select' }> }) => {
  const chosen = valueAt(draft.spec.value, path) ?? widget.byDefault
  return (
    <span class="radios">
      {widget.options.map(({ title, value }, index) => (
        <label key={value}>
          <input
            type="radio"
            id={index === 0 ? id : undefined}
            name={id}
            value={value}
            checked={chosen === value}
            onChange={() => draft.set(path, value)}
          />
          {title}
        </label>
      ))}
    </span>
  )
}

/** A control that chooses any number of values. If none is chosen, the default applies. */
export const Checkboxes = ({
  draft,
  path,
  widget,
}: FieldProps & { readonly widget: Extract<Widget, { kind: 'checkboxes' }> }) => {
  const raw = valueAt(draft.spec.value, path)
  const chosen: readonly unknown[] = Array.isArray(raw) ? raw : []
  return (
    <span class="radios">
      {widget.options.map(({ title, value }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={event => {
              const isIn = event.currentTarget.checked
              const now = widget.options
                .map(option => option.value)
                .filter(one => (one === value ? isIn : chosen.includes(one)))
              draft.set(path, now.length === 0 ? undefined : now)
            }}
          />
          {title}
        </label>
      ))}
    </span>
  )
}
