import type { Delivery, Push } from '../../src/api/delivery.ts'
import { maxLink, maxSubject } from '../../src/api/confirmation.ts'
import { parseImage } from '../../src/api/image.ts'
import { confirmationOf, deliveryOf, senders } from '../../src/senders/registry.ts'
import type { Message } from '../../src/senders/sender.ts'

const phases = new Set<string>(['firing', 'resolved', 'partly resolved', 'no news', 'none'])
const names = new Set(senders.map(({ name }) => name))

/** Returns what is wrong with what the senders make of any message; undefined if nothing is. */
export const wrongWith = (message: Message): string | undefined => {
  try {
    // None may throw, whether the message is its own or not.
    for (const sender of senders) sender.parse(message)
    const { link, subject = '' } = confirmationOf(message) ?? {}
    if (link !== undefined && !isKnownLink(link)) return `a link to ${link} would be shown`
    if (subject.length > maxSubject || (link?.length ?? 0) > maxLink) return 'a confirmation that is too long'
    return wrongDelivery(deliveryOf(message))
  } catch (error) {
    return error instanceof Error ? `it throws: ${error.stack ?? error.message}` : 'it throws'
  }
}

const isKnownLink = (link: string): boolean =>
  link.startsWith('https://sns.') || new URL(link).hostname.endsWith('.eventgrid.azure.net')

const wrongDelivery = ({ group, identity, phase, pushes, sender, unreadable }: Delivery): string | undefined => {
  if (!names.has(sender)) return `there is no sender ${sender}`
  if (!phases.has(phase)) return `there is no phase ${phase}`
  if (identity && (typeof identity.key !== 'string' || identity.key === '')) return 'a name without text'
  if (identity && !Number.isSafeInteger(identity.newsAt ?? 0)) return `news at ${identity.newsAt}`
  if (group && (typeof group.key !== 'string' || group.key === '')) return 'a group without a name'
  if (group?.firing.some(alert => typeof alert !== 'string' || alert === '') === true) return 'an alert without a name'
  if (pushes && unreadable !== undefined) return 'pushes that cannot be read'
  return pushes?.map(wrongPush).find(wrong => wrong !== undefined)
}

/** Returns whether a container could have the image of a push. */
const wrongPush = ({ at, digest, path, tag }: Push): string | undefined => {
  const text = `host.example.com/${path}:${tag}${digest === undefined ? '' : `@${digest}`}`
  if (parseImage(text)?.path !== path) return `an image that is none: ${text}`
  return Number.isSafeInteger(at ?? 0) ? undefined : `a push at ${at}`
}
