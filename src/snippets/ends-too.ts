/** The comment over what has a sender of alerts post their ends. Without these posts `onResolved` has nothing to do. */
export const endsToo = '# Posts the end of an alert too. A hook skips that, unless its onResolved is undo or run.'
