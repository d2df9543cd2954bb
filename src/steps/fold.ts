import type { Plan } from './steps.ts'

/** What one plan makes of the count that it finds. */
export type FoldedStep =
  | { readonly from: number; readonly to: number }
  | { readonly from: number; readonly refused: string }

/** A row of plans run one after another on one count, as if each had been written before the next. */
export interface Folded {
  /** The count after the last plan. */
  readonly to: number
  /** One for each plan, in order. */
  readonly steps: readonly FoldedStep[]
}

export const fold = (count: number, plans: readonly Plan[]): Folded => {
  let to = count
  const steps = plans.map((plan): FoldedStep => {
    const from = to
    const planned = plan(from)
    if (typeof planned !== 'number') return { from, refused: planned.refused }
    to = planned
    return { from, to }
  })
  return { to, steps }
}
