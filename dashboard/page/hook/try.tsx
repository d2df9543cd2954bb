import { useSignal } from '@preact/signals'
import type { HookDetail, ListedHook, Tried } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { uniqueName } from '../browser.ts'
import { pathOf } from '../changes.ts'
import { whyNoURL } from '../rights.ts'
import { ActionButton } from '../parts/act.tsx'
import { whyNot } from '../rights.ts'
import { triedText, type TriedText } from '../words/tried.ts'
import { RunDialog, TriedStrip } from './run.tsx'

/** Posts to the hook from this page, as a dry run or for real. */
export const Try = ({ hook, row }: { row: ListedHook; hook: HookDetail | undefined }) => {
  const tried = useSignal<readonly TriedText[]>([])
  const running = useSignal(false)
  const asking = useSignal(false)
  const body = useSignal('')
  const secret = hook?.authSecret
  const why =
    whyNoURL(row) ??
    (secret === undefined ? undefined : whyNot(row.namespace, 'secrets')) ??
    (running.value ? 'the last post is still in progress' : undefined)

  const dryRun = async (): Promise<void> => {
    running.value = true
    const sent = body.value.trim()
    const answer = await askServer<Tried>('POST', `${pathOf(row)}/try`, {
      dryRun: true,
      key: uniqueName(),
      ...(sent === '' ? {} : { body: sent }),
    })
    running.value = false
    tried.value = [triedText(answer)]
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
        <span class="faint">{hook?.tryAt === undefined ? '' : `Posts to ${hook.tryAt}`}</span>
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
      <div role="status">
        {!asking.value && tried.value.map(shown => <TriedStrip key={shown.text} shown={shown} />)}
      </div>
      {asking.value && (
        <RunDialog
          row={row}
          hook={hook}
          body={body.value.trim()}
          onClose={texts => {
            asking.value = false
            if (texts.length > 0) tried.value = texts
          }}
        />
      )}
    </section>
  )
}
