import { isReason, reasons } from '../../../api/reasons.ts'
import { capital, sentence } from './sentence.ts'

/** What a reason means, and what there is to do, if anything is. */
export interface Advice {
  readonly means: string
  readonly todo?: string
}

/** The table of reasons answers "What to do?" there, so that some answers begin with "Nothing": here nobody has asked. */
export const adviceOn = (reason: string): Advice | undefined => {
  if (!isReason(reason)) return undefined
  const { means, todo: asked } = reasons[reason]
  const todo = sentence(asked.replace(/^Nothing[.:]\s*/, ''))
  return todo === '' ? { means } : { means, todo }
}

const conditional: Readonly<Record<string, string>> = {
  applied: 'would apply',
  unchanged: 'would change nothing',
  skipped: 'would skip',
  rejected: 'would refuse',
  failed: 'would fail',
}

/** The outcome of a post; of a dry run, what it would have been. */
export const outcomeOf = (outcome: string, dryRun: boolean): string =>
  capital(dryRun ? (conditional[outcome] ?? outcome) : outcome)
