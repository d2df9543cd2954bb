/** This file says what a hook's URL, its leases and its target are. */

import type { LeasesInAll, RowLease } from '../../protocol.ts'

/** Returns a change of a count with its sign, such as `+2`. */
export const signed = (by: number): string => (by < 0 ? `−${-by}` : `+${by}`)

/** Returns what the list of leases does not show, as a sentence. Empty if it shows all of them. */
export const moreLeases = (shown: readonly RowLease[], all: LeasesInAll | undefined): string => {
  const hidden = (all?.open ?? 0) - shown.length
  if (all === undefined || shown.length === 0 || hidden <= 0) return ''
  return `And ${hidden} more, which ${hidden === 1 ? 'ends' : 'end'} later. All of them together change the count by ${signed(all.sum)}.`
}

/** Returns the object in a target, such as `Cluster/east` for `Cluster/east pool workers`. Undefined if it names none. */
export const targetObject = (target: string | undefined): string | undefined =>
  /^[A-Za-z]+\/[a-z0-9.-]+(?= |$)/.exec(target ?? '')?.[0]

/** Returns what the end of a hook means for its URL. `isNamed`: the URL has the name of the hook and no token. */
export const deletionText = (isNamed: boolean): string =>
  isNamed
    ? 'Its URL stops working until a hook has this name again.'
    : 'Its URL stops working for good: a hook with the same name gets another one.'

/** Returns what was done when a hook was deleted. */
export const deletedText = (name: string, isNamed: boolean): string =>
  `${name} was deleted: its URL answers ${isNamed ? '401 until a hook has this name again' : '410 for good'}.`

/** Returns what a rotation has done. `overlap` is how long the old URL is accepted; undefined: the URL is named. */
export const rotatedText = (name: string, overlap: string | undefined): string =>
  overlap === undefined
    ? `${name} keeps its URL; its older tokens no longer work.`
    : `${name} gets a new URL; the old one ${overlap === '0s' ? 'no longer works' : `works for another ${overlap}`}.`

/** Returns what a chosen overlap means for later, or undefined if the hook has it already. */
export const laterOverlapText = (chosen: string, present: string): string | undefined =>
  chosen === present
    ? undefined
    : `The hook keeps ${chosen} for later rotations and renewals${chosen === '0s' ? ', which then lose alerts' : ''}. Once it has its new URL, edit it to restore ${present}.`
