import type { DraftTaken, ServerAnswer, ServerRefusal } from '../../protocol.ts'
import { askServer } from '../ask.ts'
import { hooksOf, type Draft } from './draft.ts'

/** The API server's verdict on a draft. */
export type DraftCheck =
  | {
      readonly state: 'idle' | 'asking' | 'accepted'
      /** What a holder of the hook's URL could do at worst, by the last accepted draft. */
      readonly worst?: readonly string[]
    }
  | { readonly state: 'refused'; readonly refusal: ServerRefusal }

/** How long a draft must stay unchanged before it is sent for a check, in milliseconds. */
export const settleMs = 350

/**
 * Sends a draft: the hook, then its opposite if the user wants it. It stops at the first refusal.
 * Resolves with the answer for the hook, or the refusal. With `dryRun` the API server checks both and stores nothing.
 */
export const sendDraft = async (draft: Draft, dryRun: boolean): Promise<ServerAnswer<DraftTaken>> => {
  const query = dryRun ? '?dryRun=true' : ''
  const namespace = draft.namespace.value
  let first: ServerAnswer<DraftTaken> | undefined
  for (const { name, spec } of hooksOf(draft)) {
    const answer = await (draft.seen === undefined
      ? askServer<DraftTaken>('POST', `/api/hooks${query}`, { namespace, name, spec })
      : askServer<DraftTaken>('PUT', `/api/hooks/${namespace}/${name}${query}`, { ...draft.seen, spec }))
    if (!answer.ok) return answer
    first ??= answer
  }
  return first ?? { ok: false, status: 0, refusal: { reason: 'Nothing', message: 'there is nothing to send' } }
}

/**
 * Returns the message of a refusal to show above the form. If each error belongs to a field of the
 * spec, this message only points to the fields.
 */
export const messageOf = ({ fields, message }: ServerRefusal): string =>
  fields === undefined || Object.keys(fields).some(path => !path.startsWith('spec.'))
    ? message
    : 'The API server refuses this: see the fields.'
