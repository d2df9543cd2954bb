import type { DriverColumn } from '../api/crd.ts'
import type { Obj } from '../api/schema.ts'

/** What a driver is for whoever only writes or reads hooks: no code that acts, so that a browser can have it. */
export interface Declaration<N extends string = string, S extends Obj = Obj> {
  /** The value of `spec.driver`, and the name of the member beside it. */
  readonly name: N
  /** The schema of that member. */
  readonly schema: S
  /** The columns of `kubectl get` that show a member of it: `Action` shows `action`, `By` shows `by`. */
  readonly columns: readonly DriverColumn[]
  /** Whether it can take back what it did at the end of an alert, as `onResolved: undo` asks. */
  readonly undoes: boolean
}
