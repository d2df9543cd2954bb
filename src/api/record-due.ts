import { group } from './names.ts'

/** The label of a record in which something ends by itself, and the annotation that says when at the earliest. */
export const leasesLabel = `${group}/leases`
export const dueAnnotation = `${group}/due`

/** The finalizer of a record in which something has to end before the record may go. */
export const leasesFinalizer = `${group}/leases`
