import type { DriverColumn } from '../api/crd.ts'
import type { Obj } from '../api/schema.ts'

/**
 * The part of a driver that is needed to write or read hooks. It contains no actions, so a browser
 * can load it.
 */
export interface Declaration<N extends string = string, S extends Obj = Obj> {
  /** The value of `spec.driver`, and the name of the member next to it. */
  readonly name: N
  /** The label in a form: what hooks of this driver do, in a few words. */
  readonly title: string
  readonly schema: S
  /**
   * Members that a form shows at once, in addition to the required ones. All others are in a
   * section that is closed at first.
   */
  readonly asked: readonly string[]
  /**
   * The columns of `kubectl get` that show members of this schema: `Action` shows `action`, `By`
   * shows `by`.
   */
  readonly columns: readonly DriverColumn[]
  /** True if the driver supports `onResolved: undo`. */
  readonly undoes: boolean
  /** True if the driver supports `approval`: it can show what it will change. */
  readonly isApprovable: boolean
}
