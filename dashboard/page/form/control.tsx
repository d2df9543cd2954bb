import { useSignal } from '@preact/signals'
import type { InputHTMLAttributes, JSX } from 'preact'
import { tryParseJson } from '../../../src/api/json.ts'
import type { Schema } from '../../../src/api/schema.ts'
import type { Targets } from '../../protocol.ts'
import { notProse, Select } from '../parts/text-field.tsx'
import { listOfLines, pairsOfLines, textOfLines } from './lines-text.ts'
import type { Draft } from './draft.ts'
import { namedAt, Suggestions } from './suggestions.tsx'
import { valueAt, type Path } from './value.ts'
import type { Widget } from './widget.ts'

/** A member of the spec, with the form's state that its field needs. */
export interface FieldProps {
  readonly schema: Schema
  readonly path: Path
  readonly draft: Draft
  readonly required: boolean
  readonly targets: Targets
  /** True if errors are shown in fields that the user has not changed. */
  readonly all: boolean
  /** True if a heading above shows the name. Then the label is only for screen readers. */
  readonly isNamed?: boolean
}

/**
 * The attributes of a control for its label and for screen readers: its id, the ids of its help and
 * its error, and whether it is wrong or required.
 */
export interface Described {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: boolean
  readonly 'aria-required'?: boolean
}

/** The properties of a control of one element. */
export type ControlProps = FieldProps & {
  readonly widget: Exclude<Widget, { kind: 'checkboxes' | 'reference' | 'fieldset' | 'list' }>
  readonly described: Described
}

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
  const list = namedAt(draft.spec.value, path) ? ({ type: 'text', list: `${described.id}-names` } as const) : {}
  const text = { ...described, ...notProse, placeholder: byDefault, value: shown }
  const typed = (more: InputHTMLAttributes, parse: (typed: string) => unknown): JSX.Element => (
    <input {...text} {...more} onInput={event => set(parse(event.currentTarget.value))} />
  )
  switch (widget.kind) {
    case 'radios':
    case 'select':
      return (
        <Select
          {...described}
          value={shown === '' ? byDefault : shown}
          options={[...(byDefault === '' ? [['', 'Choose …'] as const] : []), ...widget.options]}
          onChoice={set}
        />
      )
    case 'number': {
      const { least: min, most: max, whole } = widget
      const more = { class: 'short', type: 'number', inputMode: 'numeric', min, max, step: whole ? 1 : 'any' } as const
      return typed(more, number => (number === '' ? undefined : Number(number)))
    }
    case 'count-or-share':
      return typed({ ...list, class: 'short' }, share => (/^\s*\d+\s*$/.test(share) ? Number(share) : share.trim()))
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
      return typed({ class: 'short' }, duration => duration.trim())
    case 'lines':
      return <TypedText {...props} rows={2} placeholder="one a line" text={textOfLines(raw)} parse={listOfLines} />
    case 'pairs':
      return <TypedText {...props} rows={2} placeholder="app=web" text={textOfLines(raw)} parse={pairsOfLines} />
    case 'json': {
      const json = raw === undefined ? '' : JSON.stringify(raw, null, 2)
      return <TypedText {...props} rows={5} placeholder="{}" text={json} parse={jsonIn} />
    }
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
      return typed(list, name => name)
  }
}

/** Returns whether an empty text is a valid value. */
const mayBeEmpty = (schema: Schema): boolean =>
  'type' in schema &&
  schema.type === 'string' &&
  (schema.minLength ?? 0) === 0 &&
  (schema['x-kubernetes-validations'] ?? []).every(({ holds }) => holds?.('') !== false)

/** Returns a value as the text of an input. */
const shownAs = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

interface OptionsProps {
  readonly type: 'radio' | 'checkbox'
  readonly name: string
  /** The id of the first one. */
  readonly id?: string
  readonly options: readonly (readonly [value: string, title: string])[]
  readonly isChosen: (value: string) => boolean
  readonly onChoice: (value: string) => void
}

/** A control that chooses of a few values, which are all visible. */
export const Options = ({ id, isChosen, name, onChoice, options, type }: OptionsProps) => (
  <span class="radios">
    {options.map(([value, title], index) => (
      <label key={value}>
        <input
          type={type}
          id={index === 0 ? id : undefined}
          name={name}
          value={value}
          checked={isChosen(value)}
          onChange={() => onChoice(value)}
        />
        {title}
      </label>
    ))}
  </span>
)

type OptionsFieldProps = FieldProps & {
  readonly id: string
  readonly widget: Extract<Widget, { kind: 'radios' | 'select' | 'checkboxes' }>
}

/** Chooses one value, or any number of them. If none is chosen, the default applies. */
export const OptionsField = ({ draft, id, path, widget }: OptionsFieldProps) => {
  const raw = valueAt(draft.spec.value, path)
  const { options } = widget
  if (widget.kind !== 'checkboxes') {
    const chosen = raw ?? widget.byDefault
    const choose = (value: string): void => draft.set(path, value)
    return (
      <Options type="radio" name={id} {...{ id, options }} isChosen={value => value === chosen} onChoice={choose} />
    )
  }
  const isChosen = (value: string): boolean => Array.isArray(raw) && raw.includes(value)
  const toggle = (value: string): void => {
    const now = options.map(([each]) => each).filter(each => isChosen(each) !== (each === value))
    draft.set(path, now.length === 0 ? undefined : now)
  }
  return <Options type="checkbox" name={id} {...{ isChosen, options }} onChoice={toggle} />
}

interface TypedTextProps extends ControlProps {
  readonly rows: number
  readonly placeholder: string
  /** The text at first. */
  readonly text: string
  /** Returns the value in a text, or {@link notJson}. */
  readonly parse: (text: string) => unknown
}

const notJson = Symbol('not JSON')

const jsonIn = (text: string): unknown => (text.trim() === '' ? undefined : (tryParseJson(text) ?? notJson))

/** A text area that keeps the typed text unchanged, because an unfinished one is not a value yet. */
const TypedText = ({ described, draft, parse, path, placeholder, rows, text }: TypedTextProps) => {
  const typed = useSignal(text)
  return (
    <>
      <textarea
        {...described}
        rows={rows}
        {...notProse}
        placeholder={placeholder}
        value={typed.value}
        onInput={event => {
          typed.value = event.currentTarget.value
          const value = parse(typed.value)
          if (value !== notJson) draft.set(path, value)
        }}
      />
      {parse(typed.value) === notJson && <p class="fault">must be JSON</p>}
    </>
  )
}
