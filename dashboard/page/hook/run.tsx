import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { HookDetail, ListedHook, Tried } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { uniqueName } from '../browser.ts'
import { pathOf } from '../changes.ts'
import { ActionButton } from '../parts/act.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Prose } from '../words/prose.tsx'
import { triedText, type TriedText } from '../words/tried.ts'
import { followRun } from './follow-run.ts'

interface RunProps {
  readonly row: ListedHook
  readonly hook: HookDetail | undefined
  readonly body: string
  /** Called with the texts of what the post did and how it ended. Empty if nothing was posted. */
  readonly onClose: (texts: readonly TriedText[]) => void
}

/**
 * Runs a hook after a confirmation, and shows how its pods become ready. After the dialog is
 * closed, no more requests are sent. The dialog closes by itself, unless the run ends badly.
 */
export const RunDialog = ({ body, hook, onClose, row }: RunProps) => {
  const phase = useSignal<'asks' | 'runs' | 'ended'>('asks')
  const did = useSignal<TriedText | undefined>(undefined)
  const seen = useSignal<Tried | undefined>(undefined)
  const state = useSignal<TriedText | undefined>(undefined)
  const isOver = useRef(false)
  useEffect(() => () => void (isOver.current = true), [])
  const close = (): void => onClose([did.value, state.value].filter(text => text !== undefined))
  const run = async (): Promise<void> => {
    phase.value = 'runs'
    await followRun({
      path: pathOf(row),
      body,
      isOver: () => isOver.current,
      show: answer => {
        if (did.value === undefined) did.value = triedText(answer)
        else if (answer.ok && answer.body.state === 'stored') state.value = undefined
        else {
          state.value = triedText(answer)
          seen.value = answer.ok ? answer.body : undefined
        }
      },
    })
    phase.value = 'ended'
    if (!isOver.current && state.value?.kind !== 'bad') close()
  }
  const target = row.target === undefined ? '' : ` on ${row.target}`
  return (
    <Dialog title={titles[phase.value](row.name)} onClose={close}>
      <p>
        One post: {row.does}
        {target}.{hook?.tryAt === undefined ? '' : ` It goes to ${hook.tryAt}.`}
      </p>
      <div role="status">
        {phase.value === 'runs' && did.value === undefined && <p class="faint">Posting …</p>}
        {did.value !== undefined && <TriedStrip shown={did.value} />}
        {state.value !== undefined && <TriedStrip shown={state.value} />}
      </div>
      {seen.value?.of !== undefined && state.value?.kind !== 'bad' && (
        <progress aria-label="Pods that are ready" value={seen.value.ready ?? 0} max={Math.max(1, seen.value.of)} />
      )}
      <div class="line">
        <ActionButton
          class="button"
          why={phase.value === 'asks' ? undefined : 'the post was made'}
          onAct={() => void run()}
        >
          Run it
        </ActionButton>
        <button type="button" class="quiet" onClick={close}>
          {phase.value === 'asks' ? 'Cancel' : 'Close'}
        </button>
      </div>
    </Dialog>
  )
}

/** Asks the trigger what a post would do, and shows its answer. */
export const DryRunDialog = ({ onClose, row }: { row: ListedHook; onClose: () => void }) => {
  const shown = useSignal<TriedText | undefined>(undefined)
  useEffect(() => {
    const sent = { dryRun: true, key: uniqueName() }
    void askServer<Tried>('POST', `${pathOf(row)}/try`, sent).then(answer => (shown.value = triedText(answer)))
  }, [])
  return (
    <Dialog title={`A dry run of ${row.name}`} onClose={onClose}>
      <div role="status">
        {shown.value === undefined ? <p class="faint">Asking …</p> : <TriedStrip shown={shown.value} />}
      </div>
      <button type="button" class="quiet" onClick={onClose}>
        Close
      </button>
    </Dialog>
  )
}

const titles = {
  asks: (name: string) => `Run ${name} for real?`,
  runs: (name: string) => `Running ${name}`,
  ended: (name: string) => `${name} has run`,
}

/** A strip with the text of the trigger's answer. */
export const TriedStrip = ({ shown }: { shown: TriedText }) => (
  <p class={`strip tried ${shown.kind}`}>
    <Prose text={shown.text} />
  </p>
)
