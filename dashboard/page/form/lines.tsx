import { useSignal } from '@preact/signals'
import { listOfLines, pairsOfLines, textOfLines } from './lines-text.ts'
import type { ControlProps } from './props.ts'
import { valueAt } from './value.ts'

/** A text area for several texts, or for names with values, one in each line. */
export const Lines = ({ described, draft, path, widget }: ControlProps) => {
  // Keeps the typed text unchanged, because an unfinished line is not an entry yet.
  const typed = useSignal(textOfLines(valueAt(draft.spec.value, path)))
  return (
    <textarea
      {...described}
      rows={2}
      spellcheck={false}
      autocapitalize="off"
      placeholder={widget.kind === 'pairs' ? 'app=web' : 'one a line'}
      value={typed.value}
      onInput={event => {
        typed.value = event.currentTarget.value
        draft.set(path, widget.kind === 'pairs' ? pairsOfLines(typed.value) : listOfLines(typed.value))
      }}
    />
  )
}
