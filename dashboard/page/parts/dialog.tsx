import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { rescueFocus } from '../browser.ts'

interface DialogProps {
  readonly title: string
  readonly children: ComponentChildren
  /** Called when the user closes the dialog. Absent if the user must complete the dialog. */
  readonly onClose?: () => void
}

/** A modal dialog. The browser keeps the focus inside and restores it afterwards. */
export const Dialog = ({ children, onClose, title }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  // The cleanup closes the dialog while it is still in the page: only then the browser gives the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => {
      shown?.close()
      // What opened the dialog may be gone, such as the row of a deleted hook.
      rescueFocus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={event => {
        event.preventDefault()
        onClose?.()
      }}
      onClose={({ currentTarget: shown }) => {
        // A browser lets nothing prevent that Esc, pressed twice, closes a dialog.
        if (!shown.isConnected) return
        if (onClose) onClose()
        else shown.showModal()
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  )
}
