import type { Schema } from '../../../api/schema.ts'
import type { Targets } from '../../protocol.ts'
import type { Draft } from './draft.ts'
import type { Path } from './value.ts'
import type { Widget } from './widget.ts'

/** A member of the spec, and what its field needs to know of the form. */
export interface FieldProps {
  readonly schema: Schema
  readonly path: Path
  readonly draft: Draft
  readonly required: boolean
  readonly targets: Targets
  /** Whether faults are shown of fields that nobody has written into. */
  readonly all: boolean
  /** Whether what is over the field has its name already: it is there for screen readers alone then. */
  readonly isNamed?: boolean
}

/** What every control has: its id, and which texts speak of it. */
export interface Described {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: boolean
  readonly 'aria-required'?: boolean
}

/** What a control needs to know of its field. */
export type ControlProps = FieldProps & { readonly widget: Widget; readonly described: Described }
