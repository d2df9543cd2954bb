/**
 * The comment above a setting that makes a sender post the ends of alerts. Without them
 * `onResolved` never acts.
 */
export const endsToo = '# Posts the end of an alert too. A hook skips that, unless its onResolved is undo or run.'
