import { useSignal } from '@preact/signals'
import type { HookDetail, ListedHook, Tried } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { uniqueName } from '../browser.ts'
import { pathOf } from '../changes.ts'
import { whyNoURL } from '../rights.ts'
import { ActionButton } from '../parts/act.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { whyNot } from '../rights.ts'
import { adviceOn, outcomeOf } from '../words/advice.ts'
import { Prose } from '../words/prose.tsx'
import { sentence, sentences } from '../words/sentence.ts'

/** Posts to the hook from this page, as a dry run or for real. */
export const Try = ({ hook, row }: { row: ListedHook; hook: HookDetail | undefined }) => {
  const tried = useSignal<{ readonly kind: string; readonly text: string } | undefined>(undefined)
  const running = useSignal(false)
  const asking = useSignal(false)
  const body = useSignal('')
  const secret = hook?.authSecret
  const why =
    whyNoURL(row) ??
    (secret === undefined ? undefined : whyNot(row.namespace, 'secrets')) ??
    (running.value ? 'the last post is still under way' : undefined)

  const run = async (dryRun: boolean): Promise<void> => {
    running.value = true
    const sent = body.value.trim()
    const answer = await askServer<Tried>('POST', `${pathOf(row)}/try`, {
      dryRun,
      key: uniqueName(),
      ...(sent === '' ? {} : { body: sent }),
    })
    running.value = false
    tried.value = answer.ok ? shown(answer.body) : { kind: 'bad', text: sentence(answer.refusal.message) }
  }
  return (
    <section class="card" aria-label="Try it">
      <div class="line">
        <h2>Try it</h2>
        <ActionButton class="button" why={why} onAct={() => void run(true)}>
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
        {tried.value !== undefined && (
          <p class={`strip tried ${tried.value.kind}`}>
            <Prose text={tried.value.text} />
          </p>
        )}
      </div>
      {asking.value && (
        <Dialog title={`Run ${row.name} for real?`} onClose={() => (asking.value = false)}>
          <p>
            One post: {row.does}
            {row.target === undefined ? '' : ` on ${row.target}`}.
            {hook?.tryAt === undefined ? '' : ` It goes to ${hook.tryAt}.`}
          </p>
          <div class="line">
            <button
              type="button"
              class="button"
              onClick={() => {
                asking.value = false
                void run(false)
              }}
            >
              Run it
            </button>
            <button type="button" class="quiet" onClick={() => (asking.value = false)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </section>
  )
}

const shown = ({ dryRun, message, outcome, reason }: Tried): { readonly kind: string; readonly text: string } => {
  const isGood = outcome === 'applied' || outcome === 'unchanged'
  const todo = isGood ? undefined : adviceOn(reason)?.todo
  return {
    kind: isGood ? 'good' : outcome === 'skipped' ? '' : 'bad',
    text: sentences(
      `${outcomeOf(outcome, dryRun)} (${reason}): ${message}`,
      todo !== undefined && message.includes(todo) ? undefined : todo,
    ),
  }
}
