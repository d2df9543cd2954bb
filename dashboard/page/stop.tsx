import { ActionButton } from './parts/act.tsx'
import { signal, useSignal } from '@preact/signals'
import type { StopState } from '../protocol.ts'
import { askServer } from './ask.ts'
import { rescueFocus, whileShown } from './browser.ts'
import { say } from './parts/notice.tsx'
import { AskDialog } from './parts/dialog.tsx'
import { CheckField, TextField } from './parts/text-field.tsx'
import { kubectlStart, kubectlStop } from './words/kubectl.ts'
import { dateOf } from './words/time.ts'

/** Whether all hooks are stopped, as far as the user may see that. Before the answer, nothing is said of it. */
const state = signal<StopState>({ namespace: '' })

/** Whether the user may stop all hooks. */
const mayStop = signal(false)

/** True while the dialog is open. */
export const stopping = signal(false)

/** How often the page reads whether hooks are stopped, in milliseconds. */
const everyMs = 15_000

/**
 * Reads every 15 s whether all hooks are stopped, until the returned function is called. Also reads
 * once whether the user may stop them.
 */
export const followStop = (): (() => void) => {
  void askServer<{ readonly allowed: boolean }>('GET', '/api/stop/may').then(answer => {
    if (answer.ok) mayStop.value = answer.body.allowed
  })
  return whileShown(0, everyMs, async () => {
    const answer = await askServer<StopState>('GET', '/api/stop')
    if (answer.ok) state.value = answer.body
  })
}

const start = async (): Promise<void> => {
  const answer = await askServer<StopState>('DELETE', '/api/stop')
  if (answer.ok) {
    state.value = answer.body
    rescueFocus()
    say('All hooks run again.', kubectlStart(answer.body.namespace))
  } else say(answer.refusal.message)
}

/** Shows that all hooks are stopped. Users with the right to patch the ConfigMap can end the stop. */
export const StopStrip = () => {
  const { stop } = state.value
  if (stop === undefined) return null
  const since = stop.at === undefined ? '' : ` since ${dateOf(stop.at)}`
  return (
    <p class="strip bad" role="status">
      <strong>
        All hooks are stopped{since}
        {stop.reason === '' ? '.' : ':'}
      </strong>{' '}
      {stop.reason === '' ? '' : `${stop.reason.replace(/\.$/, '')}. `}Every post gets 503
      {stop.all ? ', and alerts that end take nothing back' : ''}.{' '}
      {mayStop.value && <ActionButton onAct={() => void start()}>Let hooks run again</ActionButton>}
    </p>
  )
}

/** Offers to stop all hooks, to users with that right. */
export const StopButton = () =>
  mayStop.value && state.value.stop === undefined ? (
    <ActionButton class="quiet danger" onAct={() => (stopping.value = true)}>
      Stop all hooks…
    </ActionButton>
  ) : null

const close = (): void => void (stopping.value = false)

/** The dialog that asks for a reason and stops all hooks. */
export const StopDialog = () => {
  const reason = useSignal('')
  const all = useSignal(false)
  const command = kubectlStop(state.value.namespace, reason.value, all.value)
  const act = async (): Promise<string> => {
    const answer = await askServer<StopState>('POST', '/api/stop', { reason: reason.value, all: all.value })
    if (!answer.ok) return answer.refusal.message
    state.value = answer.body
    say('All hooks are stopped within two seconds.', command)
    return ''
  }
  return (
    <AskDialog {...{ act, command }} title="Stop all hooks?" verb="Stop all hooks" isDanger onClose={close}>
      <p>Every post to every hook of this installation gets 503 and changes nothing. Most senders try again.</p>
      <TextField id="stop-reason" label="Why, for your colleagues" text={reason} />
      <CheckField id="stop-undo" label="Alerts that end take nothing back either" value={all} />
    </AskDialog>
  )
}
