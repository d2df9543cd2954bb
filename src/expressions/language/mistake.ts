import type { parse } from '@bufbuild/cel'

/** A place in an expression. `line` and `column` begin with 1, `offset` with 0. */
interface Position {
  readonly line: number
  readonly column: number
  readonly offset: number
}

export const positionAt = (expression: string, offset: number): Position => {
  const lines = expression.slice(0, offset).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, offset }
}

type SourceInfo = ReturnType<typeof parse>['sourceInfo']

/** Returns the offset of a node by its id, or 0 if the parser noted none. */
export const offsetOf = (sourceInfo: SourceInfo, id: bigint): number => sourceInfo?.positions[id.toString()] ?? 0

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
