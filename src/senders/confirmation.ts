import { maxLink, maxSubject } from '../api/confirmation.ts'
import type { Confirmation } from './sender.ts'

/** The ID of a resource at Azure, or an ARN of Amazon. The groups of Azure may have letters of any script. */
const resource = /^(?:\/[\p{L}\p{N}()./_-]*|arn:[A-Za-z0-9:./_-]*)$/u

/**
 * Makes the confirmation of a link. Returns undefined if the link is too long, because a link that is
 * cut leads nowhere. A long subject is cut. A subject that is no name of a resource is left empty:
 * it could contain another link, or characters that a terminal obeys.
 */
export const confirmationBy = ({ href }: URL, subject = ''): Confirmation | undefined => {
  if (href.length > maxLink) return undefined
  const isLong = subject.length > maxSubject
  const kept = isLong ? subject.slice(0, maxSubject - 1) : subject
  if (!resource.test(kept)) return { subject: '', link: href }
  return { subject: isLong ? `${kept}…` : kept, link: href }
}

/**
 * Parses the URL in a post as a browser does. Returns undefined for any other text, and for a text that
 * is too long to be read.
 */
export const parsedURL = (text: string | undefined): URL | undefined =>
  text !== undefined && text.length <= maxLink && URL.canParse(text) ? new URL(text) : undefined
