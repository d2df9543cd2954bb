import { useSignal } from '@preact/signals'
import type { ListedHook } from '../../protocol.ts'
import { ActionButton } from '../parts/act.tsx'
import { whyNot } from '../rights.ts'
import { RunDialog, RunTexts } from './run.tsx'
import { runHook, type RunText } from './run-hook.ts'

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
