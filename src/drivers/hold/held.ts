import { largestCount, moveWithin, takeBackWithin } from '../../steps/arithmetic.ts'
import { heldKindOf, type Aim, type HeldKind } from '../../steps/target/held-kinds.ts'
import type { Target } from '../../steps/target/target.ts'
import { viaHold } from '../../steps/target/via-hold.ts'

export interface HeldObject {
  readonly kind: HeldKind
  readonly value: string
  /** The number of holders of the value, which each post raises by one. */
  readonly count: Omit<Target, 'namespace'>
}

export const heldBy = (aim: Aim & { readonly target: { readonly name: string } }): HeldObject => {
  const kind = heldKindOf(aim)
  if (!kind) throw new TypeError(`not a valid hold: ${JSON.stringify(aim)}`)
  const value = String(kind.field.on ?? aim.to)
  return { kind, value, count: { type: kind.type, name: aim.target.name, at: viaHold(kind, value) } }
}

/** There may be any number of holders. */
export const anyNumber = { min: 0, max: largestCount }
export const oneMore = moveWithin({ action: 'up', by: { count: 1 }, overshoot: 'clamp', ...anyNumber })
export const asManyLess = takeBackWithin(anyNumber)
