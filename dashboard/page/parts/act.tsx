import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface ActProps {
  readonly children: ComponentChildren
  /**
   * Why the action is impossible. A disabled button stays focusable, so that users of a keyboard or a
   * screen reader can read the reason.
   */
  readonly why?: string | undefined
  /** Absent for a button that submits its form. */
  readonly onAct?: (() => void) | undefined
  readonly class?: string
  readonly label?: string | undefined
  readonly type?: 'button' | 'submit'
}

/** A button. If it is disabled, it explains why. */
export const ActionButton = ({ children, class: kind = 'quiet', label, onAct, type = 'button', why }: ActProps) => {
  const id = useId()
  return (
    <>
      <button
        type={type}
        class={kind}
        aria-disabled={why === undefined ? undefined : true}
        aria-describedby={why === undefined ? undefined : id}
        aria-label={label}
        title={why}
        onClick={event => {
          if (type === 'button' || why !== undefined) event.preventDefault()
          if (why === undefined) onAct?.()
        }}
      >
        {children}
      </button>
      {why !== undefined && (
        <span id={id} class="unseen">
          {why}
        </span>
      )}
    </>
  )
}
