import type { Acts, Work } from '../acts/acts.ts'
import type { Outcome } from '../api/outcome.ts'
import type { RecentDelivery } from '../api/record.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import type { Ledger } from '../record/ledger.ts'
import type { Authenticate } from './authenticate.ts'
import { stopped } from './gates.ts'
import type { LiveHook } from './hook.ts'
import { shortenedMessage } from './record.ts'
import type { TriggerContext } from './request.ts'

/** The wait before it is asked again whether a hook may act, while nobody can say. */
const askAgain: Backoff = { firstMs: 100, maxMs: 1000 }

interface HaltParts extends Pick<Environment, 'clock' | 'log'> {
  readonly authenticate: Authenticate
  readonly ledgers: { of(hook: LiveHook): Pick<Ledger, 'note'> }
}

/**
 * Returns acts that end early when their hook may not act any more. An act goes on for up to a minute,
 * and a hook that is suspended, edited or deleted must not act two seconds later. While nobody can
 * say whether it is, the act waits. An act that has ended so stays open. If it has changed nothing, its
 * delivery is decided again: by the edited hook, or by what closes it.
 */
export const haltedActs = (acts: Acts, context: TriggerContext, parts: HaltParts): Acts => ({
  once: (work, how) => {
    const halted: Work = async (act, mayContinue, progress) => {
      const mayAct = permission(context, parts)
      let why: string | undefined
      const isAllowed = async (): Promise<boolean> => {
        for (let asked = 0; why === undefined && (await mayContinue()); asked++) {
          const answer = await mayAct()
          // The question may have taken a second.
          if (answer === 'yes') return await mayContinue()
          if (answer === 'unknown') await wait(parts.clock, waitAfter(askAgain, asked))
          else why ??= answer.no
        }
        return false
      }
      const worked = await work(act, isAllowed, progress)
      if (why === undefined || worked.worked !== 'unfinished') return worked
      const message = `${why}. ${'message' in worked.outcome ? worked.outcome.message : ''}`
      report(context, parts, message)
      // What is decided again may be answered as if nothing had been changed.
      const isUntouched = worked.isUntouched === true && act.isResumed !== true
      const outcome: Outcome = isUntouched
        ? { outcome: 'changed' }
        : { outcome: 'unavailable', reason: 'Unfinished', message }
      return { worked: 'unfinished', outcome }
    }
    return acts.once(halted, how)
  },
  settle: (id, outcome) => acts.settle(id, outcome),
})

/** Whether a hook may act now. `no` says why not. */
type MayAct = 'yes' | 'unknown' | { readonly no: string }

/**
 * Returns a function that finds out whether the post of a delivery could still run its hook, as it was
 * when the post was admitted. What the post proves besides its token was checked once, for good.
 */
const permission = (
  { delivery: { phase }, hook, isUnchanged, request }: TriggerContext,
  { authenticate }: HaltParts,
): (() => Promise<MayAct>) => {
  let isStill = isUnchanged
  return async () => {
    if (isStill()) return 'yes'
    const found = await authenticate(request)
    if (!found.accepted)
      return found.status === 503 ? 'unknown' : { no: `the hook takes the post no more (${found.reason})` }
    if (found.hook.uid !== hook.uid) return { no: 'the hook was deleted' }
    if (found.hook.suspend) return { no: 'the hook was suspended' }
    if (found.hook.generation !== hook.generation) return { no: 'the hook was edited' }
    if (stopped(found, phase)) return { no: 'all hooks were stopped' }
    isStill = found.isCurrent
    // It was found out by requests that may have taken seconds.
    return isStill() ? 'yes' : 'unknown'
  }
}

/** Notifies the hook's owner that an act has ended early: its sender may have got an answer long before. */
const report = ({ delivery, hook }: TriggerContext, { clock, ledgers, log }: HaltParts, message: string): void => {
  const { name, namespace } = hook
  log.warn({ namespace, hook: name, reason: 'Halted', message }, 'an act has ended before its work was done')
  const note: RecentDelivery = {
    at: clock.now(),
    sender: delivery.sender,
    outcome: 'failed',
    reason: 'Halted',
    message: shortenedMessage(message),
  }
  ledgers.of(hook).note(note)
}
