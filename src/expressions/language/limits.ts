/** The limits of the language itself. */

/** How many compiled expressions are kept. */
export const maxPrograms = 256

/** How deep loops may be nested. A third level would take time cubic in the size of the body. */
export const maxNestedLoops = 2
