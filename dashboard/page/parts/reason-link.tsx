import { isReason } from '../../../src/api/reasons.ts'
import { pageURL } from '../../../src/api/site.ts'

/** A reason, as a link to what the documentation says about it. */
export const ReasonLink = ({ reason }: { reason: string }) =>
  isReason(reason) ? (
    <a href={pageURL(`docs/reference/reasons.md#${reason.toLowerCase()}`)} target="_blank" rel="noreferrer">
      {reason}
    </a>
  ) : (
    <>{reason}</>
  )
