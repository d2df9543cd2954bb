import { signal } from '@preact/signals'
import type { ListedHook, Seen } from '../protocol.ts'
import { askServer } from './ask.ts'
import { copy } from './browser.ts'
import { say } from './parts/notice.tsx'
import { kubectlSuspend } from './words/kubectl.ts'

/** This file has the changes of a hook that need no form, and the requests for its URL. */

/** The change that waits for confirmation. */
export const confirming = signal<
  | { readonly what: 'rotate' | 'run' | 'dry run'; readonly row: ListedHook }
  | { readonly what: 'many'; readonly change: BulkChange; readonly rows: readonly ListedHook[] }
  | undefined
>(undefined)

/** The changes of several hooks at once, by the path of each hook's request, with what they mean. */
export const bulkChanges = {
  suspend: { title: 'Suspend', right: 'patch', means: 'Deliveries get an answer but are skipped.' },
  resume: { title: 'Resume', right: 'patch', means: 'Deliveries run again.' },
  end: {
    title: 'End leases',
    right: 'patch',
    means:
      'Within seconds, the hook takes back what it changed for a limited time, except for counts that someone else has set since. Later posts lease again.',
  },
  delete: { title: 'Delete', right: 'delete', means: 'Their URLs stop working.' },
} as const
export type BulkChange = keyof typeof bulkChanges

/** Changes several hooks, one after another. Resolves with a message for each hook that was not changed. */
export const changeMany = async (change: BulkChange, rows: readonly ListedHook[]): Promise<readonly string[]> => {
  const faults: string[] = []
  for (const row of rows) {
    const answer = await (change === 'delete'
      ? askServer('DELETE', pathOf(row), seenOf(row))
      : askServer('POST', `${pathOf(row)}/${change}`, seenOf(row)))
    if (!answer.ok) faults.push(`${row.name}: ${answer.refusal.message}`)
  }
  return faults
}

export const pathOf = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string =>
  `/api/hooks/${namespace}/${name}`

export const seenOf = ({ generation, uid }: ListedHook): Seen => ({ generation, uid })

export const setSuspended = async (row: ListedHook, suspend: boolean): Promise<void> => {
  const answer = await askServer('POST', `${pathOf(row)}/${suspend ? 'suspend' : 'resume'}`, seenOf(row))
  if (answer.ok) {
    const done = suspend ? 'is suspended: it answers deliveries but skips them' : 'runs again'
    say(`${row.name} ${done}.`, kubectlSuspend(row.namespace, row.name, suspend))
  } else say(answer.refusal.message)
}

/**
 * Requests a hook's URL. No other answer of the server contains a URL of a hook. If it is refused,
 * shows why and resolves with undefined.
 */
export const askURL = async (row: ListedHook): Promise<string | undefined> => {
  const answer = await askServer<{ readonly url: string }>('POST', `${pathOf(row)}/url`, {})
  if (answer.ok) return answer.body.url
  say(answer.refusal.message)
  return undefined
}

/** Copies a hook's URL without showing it. */
export const copyURL = async (row: ListedHook): Promise<void> => {
  const url = await askURL(row)
  if (url === undefined) return
  say(
    (await copy(url))
      ? `The URL of ${row.name} was copied${row.url === 'named' ? '' : ': anyone who has it can run the hook'}.`
      : `The browser blocked copying. Open ${row.name} and show its URL there.`,
  )
}
