import { isReason, reasons } from '../../../api/reasons.ts'
import { capital, sentence } from './sentence.ts'

/** The meaning of a reason, and what to do, if anything. */
export interface Advice {
  readonly means: string
  readonly todo?: string
}

/**
 * Returns the advice on a reason. Some entries of the table answer "What to do?" with "Nothing";
 * the page leaves that out.
 */
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

/** Returns the outcome of a post. For a dry run, what it would have been. */
export const outcomeOf = (outcome: string, dryRun: boolean): string =>
  capital(dryRun ? (conditional[outcome] ?? outcome) : outcome)
