import type { Signal } from '@preact/signals'
import type { ComponentChildren, SelectHTMLAttributes } from 'preact'

interface TextFieldProps {
  readonly id: string
  readonly label: string
  readonly text: Signal<string>
  /** Why the last submission was refused. Screen readers read it aloud. */
  readonly refused?: Signal<string | undefined>
  /** Present for a required field. `fault` is the error of the typed text. */
  readonly required?: { readonly fault: string | undefined }
  readonly isSecret?: boolean
  /** True if the browser may suggest earlier values. */
  readonly isRemembered?: boolean
  /** True if blanks at both ends are removed while the user types. */
  readonly isTrimmed?: boolean
  /** The values that the browser suggests. */
  readonly choices?: readonly string[]
}

const secretInput = { type: 'password' } as const

/** The attributes of an input for what is no prose. */
export const notProse = { spellcheck: false, autocapitalize: 'off', autocomplete: 'off' } as const

/** A text input with a label above and an error below. */
export const TextField = (props: TextFieldProps) => {
  const { choices, id, isRemembered, isSecret, isTrimmed, label, refused, required, text } = props
  const fault = required?.fault ?? refused?.value
  const faultId = required || refused ? `${id}-fault` : undefined
  return (
    <div class="field">
      <label for={id}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      <input
        id={id}
        {...(isSecret === true ? secretInput : choices ? { list: `${id}-choices` } : {})}
        aria-required={required && true}
        aria-invalid={required?.fault === undefined ? undefined : true}
        aria-describedby={faultId}
        {...notProse}
        autocomplete={isRemembered === true ? undefined : 'off'}
        value={text.value}
        onInput={({ currentTarget: { value } }) => (text.value = isTrimmed === true ? value.trim() : value)}
      />
      {choices && (
        <datalist id={`${id}-choices`}>
          {choices.map(choice => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
      {faultId !== undefined && (
        <p class="fault" id={faultId} role={refused && 'alert'}>
          {fault}
        </p>
      )}
    </div>
  )
}

type SelectProps = Omit<SelectHTMLAttributes, 'value' | 'onChange' | 'role' | 'size' | 'multiple'> & {
  readonly value: string
  /** The values, each with its text. */
  readonly options: readonly (readonly [value: string, title: string])[]
  readonly onChoice: (value: string) => void
}

/** A drop-down list. */
export const Select = ({ onChoice, options, value, ...props }: SelectProps) => (
  <select {...props} value={value} onChange={event => onChoice(event.currentTarget.value)}>
    {options.map(([each, title]) => (
      <option key={each} value={each}>
        {title}
      </option>
    ))}
  </select>
)

/** A box to check, with its label. */
export const CheckField = (props: { id: string; label: string; value: Signal<boolean> }) => (
  <div class="field check">
    <label for={props.id}>{props.label}</label>
    <input
      id={props.id}
      type="checkbox"
      checked={props.value.value}
      onChange={event => (props.value.value = event.currentTarget.checked)}
    />
  </div>
)

/** A form that calls `submit` instead of loading another page. */
export const ScriptForm = (props: { submit: () => Promise<void>; children: ComponentChildren }) => (
  <form
    onSubmit={event => {
      event.preventDefault()
      void props.submit()
    }}
  >
    {props.children}
  </form>
)
