import type { Row } from '../api/record.ts'
import type { Environment, Log } from '../environment/environment.ts'
import type { Part } from './claims.ts'
import { commit, type Committed } from './commit.ts'
import type { Ledger } from './ledger.ts'
import { applied, dropped, untold } from './remember.ts'
import type { Step } from './steps.ts'
import { parseTarget } from './target.ts'

/** What stands in the way of a delivery: a write that has been claimed and is not known to be stored. */
export type HelpPart = Extract<Part, { part: 'help' }>

/**
 * Finishes a claimed write by sending the very same request, whoever has claimed it: it is done once however many send
 * it, so that there is no holder to wait for. Answers the delivery's step, when the write was its own; undefined when it
 * has to be judged again. `goOn` says whether anyone still waits.
 */
export const finishClaim = async (
  environment: Pick<Environment, 'api' | 'clock' | 'log'>,
  ledger: Ledger,
  { claim, claimed, own }: HelpPart,
  goOn: () => boolean,
): Promise<Step | undefined> => {
  const { mark, to, uid, version } = claim
  const target = parseTarget(claim.target, ledger.owner.namespace)
  const from = { uid, resourceVersion: version }
  const written: Committed = target
    ? await commit(environment, { target, mark, from, to, shared: true }, goOn)
    : { write: 'untold' }
  recordOutcome(environment.log, ledger, mark, claimed, written)
  if (written.write === 'refused') return { step: 'failed', reason: written.reason, message: written.message }
  if (written.write !== 'applied' || own?.from === undefined || own.to === undefined) return undefined
  return { step: 'done', from: own.from, to: own.to }
}

/** Puts into the record what became of a claimed write. What is not certain stays a claim, for the next one to finish. */
export const recordOutcome = (
  log: Log,
  ledger: Ledger,
  mark: string,
  claimed: readonly Row[],
  { write }: Committed,
): void => {
  if (write === 'applied') ledger.later(applied(mark, claimed))
  // Missing: its target is there and has no /scale any more.
  if (write === 'stale' || write === 'missing') ledger.later(dropped(mark))
  if (write !== 'untold') return
  ledger.later(untold(mark))
  const { name, namespace } = ledger.owner
  log.error({ namespace, hook: name, mark }, 'nobody can tell whether a step was made: it is not made again')
}
