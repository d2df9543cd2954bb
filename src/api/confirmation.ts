import { has } from './guard.ts'
import { isObject } from './json.ts'
import { time } from './row.ts'
import type { Obj } from './schema.ts'

/**
 * The longest subject and link of a confirmation, in characters. Some senders do not sign the posts
 * that ask for one, and a record is written as a whole.
 */
export const maxSubject = 256
export const maxLink = 2048

/** What a sender has asked a person to confirm, and when. */
export const confirmationSchema = {
  type: 'object',
  required: ['at', 'subject', 'link'],
  properties: {
    at: time,
    /** Empty if the sender does not name what is to be confirmed. */
    subject: { type: 'string', maxLength: maxSubject },
    link: { type: 'string', maxLength: maxLink },
  },
} as const satisfies Obj

/**
 * Returns a record's content without a confirmation that does not follow its schema. Earlier
 * versions stored one of any length. The rest of the record must not be lost for it.
 */
export const withoutUnfit = (content: unknown): unknown => {
  if (!isObject(content)) return content
  const { confirmation, ...rest } = content
  return confirmation === undefined || has(confirmationSchema, confirmation) ? content : rest
}
