/** This file says what happens to the URL of a hook. */

/** Returns what a rotation has done. `overlap` is how long the old URL is accepted. */
export const rotatedText = (name: string, overlap: string): string =>
  `${name} gets a new URL; the old one is ${overlap === '0s' ? 'no longer accepted' : `accepted for ${overlap}`}.`

/** Returns what a chosen overlap means for later, or undefined if the hook has it already. */
export const laterOverlapText = (chosen: string, present: string): string | undefined =>
  chosen === present
    ? undefined
    : `The hook keeps ${chosen} for later rotations and renewals${chosen === '0s' ? ', which then lose alerts' : ''}. Once it has its new URL, edit it to restore ${present}.`
