import type { Position } from './position.ts'

/** Why an expression cannot work, and where. */
export interface Mistake extends Position {
  readonly message: string
  /** How to write it, or what the author may have meant. Absent if there is no guess. */
  readonly hint?: string
}

/** A mistake before its line and column are known. */
export interface MistakeReport {
  readonly offset: number
  readonly message: string
  readonly hint?: string | undefined
}
