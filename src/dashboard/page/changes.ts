import { signal } from '@preact/signals'
import type { Row, Seen, Stored } from '../protocol.ts'
import { ask } from './ask.ts'
import { copy } from './browser.ts'
import { say } from './notices.ts'
import { kubectlDelete, kubectlRotate, kubectlSuspend } from './words/kubectl.ts'

/** Changes of one hook that need no form. */

/** A change that has to be confirmed first. */
export const confirming = signal<{ readonly what: 'delete' | 'rotate'; readonly row: Row } | undefined>(undefined)

export const pathOf = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string =>
  `/api/hooks/${namespace}/${name}`

const seenOf = ({ generation, uid }: Row): Seen => ({ generation, uid })

export const setSuspended = async (row: Row, suspend: boolean): Promise<void> => {
  const answer = await ask<Stored>('POST', `${pathOf(row)}/${suspend ? 'suspend' : 'resume'}`, seenOf(row))
  if (answer.ok) {
    const done = suspend ? 'is suspended: deliveries are answered and skipped' : 'runs again'
    say(`${row.name} ${done}.`, kubectlSuspend(row.namespace, row.name, suspend))
  } else say(answer.refusal.message)
}

/** Gives the hook a new URL; resolves with why not. */
export const rotate = async (row: Row, rotation: number, overlap: string): Promise<string | undefined> => {
  const answer = await ask<Stored>('POST', `${pathOf(row)}/rotate`, { ...seenOf(row), overlap })
  if (!answer.ok) return answer.refusal.message
  say(
    `${row.name} gets a new URL; the old one is accepted for ${overlap}.`,
    kubectlRotate(row.namespace, row.name, rotation, overlap),
  )
  return undefined
}

/** Deletes the hook; resolves with why not. */
export const remove = async (row: Row): Promise<string | undefined> => {
  const answer = await ask('DELETE', pathOf(row), seenOf(row))
  if (!answer.ok) return answer.refusal.message
  say(`${row.name} was deleted: its URL answers 410 for good.`, kubectlDelete(row.namespace, row.name))
  return undefined
}

/** Asks for a hook's URL: the one answer that has it. */
export const askURL = async (hook: {
  readonly name: string
  readonly namespace: string
}): Promise<string | undefined> => {
  const answer = await ask<{ readonly url: string }>('POST', `${pathOf(hook)}/url`, {})
  if (answer.ok) return answer.body.url
  say(answer.refusal.message)
  return undefined
}

/** Copies a hook's URL without showing it. */
export const copyURL = async (row: Row): Promise<void> => {
  const url = await askURL(row)
  if (url === undefined) return
  say(
    (await copy(url))
      ? `The URL of ${row.name} was copied: whoever has it can run the hook.`
      : `The browser did not let the page copy: show the URL on the page of ${row.name}.`,
  )
}
