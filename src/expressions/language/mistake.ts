import type { Position } from './position.ts'

/** Why an expression cannot be right, and where. */
export interface Mistake extends Position {
  readonly message: string
  /** What may have been meant. */
  readonly hint?: string
}

/** A mistake before its line and column are known. */
export interface MistakeReport {
  readonly offset: number
  readonly message: string
  readonly hint?: string | undefined
}
