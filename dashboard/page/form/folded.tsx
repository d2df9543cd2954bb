import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import type { Draft } from './draft.ts'
import { isWithin, pathText, valueAt, type Path } from './value.ts'

interface FoldedProps {
  readonly title: string
  /** Short labels of the fields inside. */
  readonly inside?: readonly string[]
  readonly paths: readonly Path[]
  readonly draft: Draft
  readonly children: ComponentChildren
}

/**
 * A section of rarely needed fields. It is open at first if one of them has a value, and opens if
 * one has an error.
 */
export const FoldedFields = ({ children, draft, inside = [], paths, title }: FoldedProps) => {
  const isOpen = useSignal(paths.some(path => valueAt(draft.spec.value, path) !== undefined))
  const faults = [...draft.wrong.value.keys(), ...draft.refused.value.keys()]
  const isWrong = paths.some(path => faults.some(fault => isWithin(fault, pathText(path))))
  useEffect(() => {
    if (isWrong) isOpen.value = true
  }, [isWrong])
  return (
    <details class="folded" open={isOpen.value} onToggle={event => (isOpen.value = event.currentTarget.open)}>
      <summary>
        {title} {inside.length > 0 && <span class="faint">{inside.join(', ')}</span>}
      </summary>
      {children}
    </details>
  )
}
