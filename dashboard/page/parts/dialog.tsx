import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { rescueFocus } from '../browser.ts'
import { ActionButton } from './act.tsx'
import { CommandLine } from './notice.tsx'
import { ScriptForm } from './text-field.tsx'

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

interface AskDialogProps extends DialogProps {
  readonly onClose: () => void
  /** What the button that does it says. */
  readonly verb: string
  readonly isDanger?: boolean
  /** Why the user cannot do it. */
  readonly why?: string | undefined
  /** Does it. Resolves with why it was refused, each reason a line. Empty: it was done, and the dialog closes. */
  readonly act: () => Promise<string>
  /** The commands that do the same. */
  readonly command: string
}

/** A dialog that asks before something is done. */
export const AskDialog = (props: AskDialogProps) => {
  const { act, children, command, isDanger = false, onClose, title, verb, why } = props
  const fault = useSignal('')
  const submit = async (): Promise<void> => {
    fault.value = await act()
    if (fault.value === '') onClose()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <ScriptForm submit={submit}>
        {children}
        <p class="fault" role="alert">
          {fault.value}
        </p>
        <div class="line">
          <ActionButton type="submit" class={isDanger ? 'button danger' : 'button'} why={why}>
            {verb}
          </ActionButton>
          <ActionButton onAct={onClose}>Cancel</ActionButton>
        </div>
      </ScriptForm>
      <CommandLine text={command} />
    </Dialog>
  )
}
