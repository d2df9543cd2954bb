import type { Refusal, Stored } from '../../protocol.ts'
import { ask, type Answer } from '../ask.ts'
import { hooksOf, type Draft } from './draft.ts'

/** What the API server says of a draft. */
export type Checked =
  | { readonly state: 'idle' | 'asking' | 'accepted' }
  | { readonly state: 'refused'; readonly refusal: Refusal }

/** How long a draft has to stay as it is before the API server is asked, in milliseconds. */
export const settleMs = 350

/** Sends a draft: the hook and its opposite, one after the other. With `dryRun` nothing is stored, but all is judged. */
export const send = async (draft: Draft, taken: ReadonlySet<string>, dryRun: boolean): Promise<Answer<Stored>> => {
  const query = dryRun ? '?dryRun=true' : ''
  const namespace = draft.namespace.value
  let answer: Answer<Stored> | undefined
  for (const { name, spec } of hooksOf(draft, taken)) {
    answer =
      draft.seen.value === undefined
        ? await ask<Stored>('POST', `/api/hooks${query}`, { namespace, name, spec })
        : await ask<Stored>('PUT', `/api/hooks/${namespace}/${name}${query}`, { ...draft.seen.value, spec })
    if (!answer.ok) return answer
  }
  return answer ?? { ok: false, status: 0, refusal: { reason: 'Nothing', message: 'there is nothing to send' } }
}

/** What a refusal says over the form, less what it says against fields that the form has. */
export const messageOf = ({ fields, message }: Refusal): string =>
  fields === undefined || Object.keys(fields).some(path => !path.startsWith('spec.'))
    ? message
    : 'The API server refuses this: see the fields.'
