import { isReason, reasons } from '../../../src/api/reasons.ts'
import { capital, sentence } from './sentence.ts'

/** The meaning of a reason, and what to do, if anything. */
export interface Advice {
  readonly means: string
  readonly todo?: string
}

/**
 * Returns the advice on a reason, or undefined for an unknown reason. In the table, the `todo` of
 * many reasons begins with "Nothing". That word is left out here. If no text follows it, the advice
 * has no `todo`.
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

/**
 * Returns the outcome of a post in words. For a dry run, the words say what the outcome would be.
 */
export const outcomeOf = (outcome: string, dryRun: boolean): string =>
  capital(dryRun ? (conditional[outcome] ?? outcome) : outcome)
