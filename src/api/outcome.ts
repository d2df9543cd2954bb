import type { ReasonIn } from './reasons.ts'

/** What became of a delivery. Each kind is one row of the table of answers. */
export type Outcome =
  /** The API server has stored the change. */
  | { readonly outcome: 'applied'; readonly reason: ReasonIn<'applied'>; readonly from: number; readonly to: number }
  /** There was nothing to change. */
  | {
      readonly outcome: 'unchanged'
      readonly reason: ReasonIn<'unchanged'>
      readonly from: number
      readonly to: number
    }
  /** The delivery does not count. */
  | { readonly outcome: 'skipped'; readonly reason: ReasonIn<'skipped'>; readonly message: string }
  /** The hook refuses what was asked. */
  | {
      readonly outcome: 'rejected'
      readonly reason: ReasonIn<'rejected'>
      readonly message: string
      readonly from: number
    }
  /** The hook cannot do what it is for until a person changes something. */
  | { readonly outcome: 'failed'; readonly reason: ReasonIn<'failed'>; readonly message: string }
  /** Nothing was changed, and trying again may help. */
  | { readonly outcome: 'unavailable'; readonly reason: ReasonIn<'unavailable'>; readonly message: string }
  /** The write may or may not have been stored: the only honest answer is none. */
  | { readonly outcome: 'unknown' }
