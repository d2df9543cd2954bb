import type { Rule } from './schema.ts'

/**
 * Makes the rule that a text matches a pattern. The API server (in CEL) and this program check the
 * same pattern, so both RE2 and JavaScript must be able to read it.
 */
export const matching = (pattern: string, message: string) => {
  const compiled = new RegExp(pattern)
  return {
    rule: `self.matches('${pattern}')`,
    message,
    holds: self => typeof self === 'string' && compiled.test(self),
  } as const satisfies Rule
}
