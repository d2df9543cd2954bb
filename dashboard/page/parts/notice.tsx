import { signal } from '@preact/signals'
import { after, copy } from '../browser.ts'

interface Notice {
  readonly text: string
  /** The equivalent kubectl command. */
  readonly line?: string
}

/** The notice that the page shows now. Undefined if it shows none. */
const notice = signal<Notice | undefined>(undefined)
const staysMs = 7_000

/**
 * Shows a text for some seconds, such as what was done or why it was refused. `line` is the
 * equivalent kubectl command.
 */
export const say = (text: string, line?: string): void => {
  const said = { text, ...(line === undefined ? {} : { line }) }
  notice.value = said
  after(line === undefined ? staysMs : 2 * staysMs, () => {
    if (notice.peek() === said) notice.value = undefined
  })
}

export const NoticeArea = () => (
  <div class="notice-area" role="status" aria-live="polite">
    {notice.value && (
      <div class="notice">
        <span>{notice.value.text}</span>
        {notice.value.line !== undefined && <code>{notice.value.line}</code>}
        <button type="button" class="plain" aria-label="Close this message" onClick={() => (notice.value = undefined)}>
          ×
        </button>
      </div>
    )}
  </div>
)

/** A button that copies a text. Do not use it for a secret. */
export const CopyButton = ({ label, said, text }: { label: string; said: string; text: () => string }) => (
  <button
    type="button"
    class="quiet"
    onClick={() => {
      void copy(text()).then(done =>
        say(done ? said : 'The browser blocked copying: select the text and copy it yourself.'),
      )
    }}
  >
    {label}
  </button>
)

const sameLabel = 'The kubectl line that does the same'

/** A command to copy into a terminal. */
export const CommandLine = ({ label = sameLabel, text }: { label?: string; text: string }) => (
  <div class="command">
    <pre tabIndex={0} aria-label={label}>
      <code>{text}</code>
    </pre>
    <CopyButton label="Copy" said="The command was copied." text={() => text} />
  </div>
)
