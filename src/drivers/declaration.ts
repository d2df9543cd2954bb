import type { DriverColumn } from '../api/crd.ts'
import type { Obj } from '../api/schema.ts'

/**
 * What you need of a driver to write or read hooks. It has no code that acts, so that a browser can
 * load it.
 */
export interface Declaration<N extends string = string, S extends Obj = Obj> {
  /** The value of `spec.driver`, and the name of the member next to it. */
  readonly name: N
  /** What a form calls it: what hooks of this driver do, in a few words. */
  readonly title: string
  /** The schema of that member. */
  readonly schema: S
  /** Members that a form asks for at once, besides those that must be set; the others are folded away. */
  readonly asked: readonly string[]
  /** The columns of `kubectl get` that show a member of it: `Action` shows `action`, `By` shows `by`. */
  readonly columns: readonly DriverColumn[]
  /** Whether it can take back what it did at the end of an alert, as `onResolved: undo` asks. */
  readonly undoes: boolean
}
