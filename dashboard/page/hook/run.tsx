import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ListedHook } from '../../protocol.ts'
import { ActionButton } from '../parts/act.tsx'
import { CommandLine } from '../parts/notice.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { whyNot } from '../rights.ts'
import { kubectlMany } from '../words/kubectl.ts'
import { Prose } from '../words/prose.tsx'
import { runHook, type RunText } from './run-hook.ts'

interface RunProps {
  readonly row: ListedHook
  readonly dryRun?: boolean
  readonly body?: string
  /** Called with what the run did and how it ended. Empty if the hook was not run. */
  readonly onClose: (texts: readonly RunText[]) => void
}

/**
 * Runs a hook after a confirmation, and shows how its pods become ready. A dry run needs none. After
 * the dialog is closed, no more requests are sent. The dialog of a run closes by itself, unless it ends badly.
 */
export const RunDialog = ({ body = '', dryRun = false, onClose, row }: RunProps) => {
  const phase = useSignal<'asks' | 'runs' | 'ended'>(dryRun ? 'runs' : 'asks')
  const texts = useSignal<readonly RunText[]>([])
  const isOver = useRef(false)
  const close = (): void => onClose(texts.value)
  const run = async (): Promise<void> => {
    phase.value = 'runs'
    await runHook({ row, dryRun, body, isOver: () => isOver.current, show: shown => void (texts.value = shown) })
    phase.value = 'ended'
    if (!isOver.current && !dryRun && texts.value.every(({ kind }) => kind !== 'bad')) close()
  }
  useEffect(() => {
    if (dryRun) void run()
    return () => void (isOver.current = true)
  }, [])
  return (
    <Dialog title={dryRun ? `A dry run of ${row.name}` : titles[phase.value](row.name)} onClose={close}>
      <p>
        {dryRun ? 'What it would do now: ' : 'Once: '}
        {row.does}
        {row.target === undefined ? '' : ` on ${row.target}`}.
      </p>
      <div role="status">
        {phase.value === 'runs' && texts.value.length === 0 && <p class="faint">Waiting for a trigger …</p>}
        <RunTexts texts={texts.value} />
      </div>
      <div class="line">
        {!dryRun && (
          <ActionButton
            class="button"
            why={phase.value === 'asks' ? undefined : 'it was asked for'}
            onAct={() => void run()}
          >
            Run it
          </ActionButton>
        )}
        <ActionButton onAct={close}>{phase.value === 'asks' ? 'Cancel' : 'Close'}</ActionButton>
      </div>
      <CommandLine text={kubectlMany('run', [row], dryRun ? ' --dry-run' : '')} />
    </Dialog>
  )
}

const titles = {
  asks: (name: string) => `Run ${name} for real?`,
  runs: (name: string) => `Running ${name}`,
  ended: (name: string) => `${name} has run`,
}

/** What a run did, and how far that is, each in a strip. */
const RunTexts = ({ texts }: { texts: readonly RunText[] }) => (
  <>
    {texts.map(({ kind, text }, index) => (
      <p key={index} class={`strip tried ${kind}`}>
        <Prose text={text} />
      </p>
    ))}
  </>
)

/** Runs the hook from this page, as a dry run or for real. */
export const Try = ({ row }: { row: ListedHook }) => {
  const tried = useSignal<readonly RunText[]>([])
  const running = useSignal(false)
  const asking = useSignal(false)
  const body = useSignal('')
  const why = whyNot(row.namespace, 'run') ?? (running.value ? 'the last dry run is still in progress' : undefined)
  const sent = body.value.trim()
  const dryRun = async (): Promise<void> => {
    running.value = true
    await runHook({ row, dryRun: true, body: sent, isOver: () => false, show: texts => void (tried.value = texts) })
    running.value = false
  }
  return (
    <section class="card" aria-label="Try it">
      <div class="line">
        <h2>Try it</h2>
        <ActionButton class="button" why={why} onAct={() => void dryRun()}>
          Dry run
        </ActionButton>
        <ActionButton why={why} onAct={() => (asking.value = true)}>
          Run it for real …
        </ActionButton>
      </div>
      <details>
        <summary>With a body</summary>
        <label class="unseen" for="try-body">
          Body of the post, as JSON
        </label>
        <textarea
          id="try-body"
          rows={5}
          spellcheck={false}
          placeholder='{"status": "firing"}'
          value={body.value}
          onInput={event => (body.value = event.currentTarget.value)}
        />
      </details>
      <div role="status">{!asking.value && <RunTexts texts={tried.value} />}</div>
      {asking.value && (
        <RunDialog
          row={row}
          body={sent}
          onClose={texts => {
            asking.value = false
            if (texts.length > 0) tried.value = texts
          }}
        />
      )}
    </section>
  )
}
