/** The bounds of the language itself. */

/** How many compiled expressions are kept. */
export const maxPrograms = 256

/** How deep loops may lie in one another: a third one inside would take a body's size to the third power. */
export const maxNestedLoops = 2
