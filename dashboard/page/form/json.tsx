import { useSignal } from '@preact/signals'
import { tryParseJson } from '../../../src/api/json.ts'
import type { ControlProps } from './props.ts'
import { valueAt } from './value.ts'

/** A text area for a value as JSON, if no other control fits the value. */
export const Json = ({ described, draft, path }: ControlProps) => {
  const raw = valueAt(draft.spec.value, path)
  const typed = useSignal(raw === undefined ? '' : JSON.stringify(raw, null, 2))
  const parsed = tryParseJson(typed.value)
  return (
    <>
      <textarea
        {...described}
        rows={5}
        spellcheck={false}
        placeholder="{}"
        value={typed.value}
        onInput={event => {
          typed.value = event.currentTarget.value
          const value = tryParseJson(typed.value)
          if (typed.value.trim() === '' || value !== undefined) draft.set(path, value)
        }}
      />
      {typed.value.trim() !== '' && parsed === undefined && <p class="fault">must be JSON</p>}
    </>
  )
}
