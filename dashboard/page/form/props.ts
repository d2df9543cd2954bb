import type { Schema } from '../../../src/api/schema.ts'
import type { Targets } from '../../protocol.ts'
import type { Draft } from './draft.ts'
import type { Path } from './value.ts'
import type { Widget } from './widget.ts'

/** A member of the spec, with the form's state that its field needs. */
export interface FieldProps {
  readonly schema: Schema
  readonly path: Path
  readonly draft: Draft
  readonly required: boolean
  readonly targets: Targets
  /** True if errors are shown in fields that the user has not changed. */
  readonly all: boolean
  /** True if a heading above shows the name. Then the label is only for screen readers. */
  readonly isNamed?: boolean
}

/**
 * The attributes of a control for its label and for screen readers: its id, the ids of its help and
 * its error, and whether it is wrong or required.
 */
export interface Described {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: boolean
  readonly 'aria-required'?: boolean
}

/** The properties of a control of one element. */
export type ControlProps = FieldProps & {
  readonly widget: Exclude<Widget, { kind: 'checkboxes' | 'reference' | 'fieldset' | 'list' }>
  readonly described: Described
}
