import type { ReceiverHook } from '../api/hook.ts'

/** A hook's status is not written now, because something else has replaced it again. */
export class ServedTwice extends Error {
  override readonly name = 'ServedTwice'
  readonly againAfterMs: number

  constructor({ metadata: { namespace }, status }: ReceiverHook, againAfterMs: number) {
    const url = status?.endpoint === undefined ? 'no URL' : `the URL ${status.endpoint}`
    super(
      `something else writes this status too, which has ${url} now: only one installation may serve the namespace ${namespace}`,
    )
    this.againAfterMs = againAfterMs
  }
}
