import type { ExpressionVariables } from '../../src/environment/environment.ts'

export const text = (json: string): Uint8Array => new TextEncoder().encode(json)

/** Returns what an expression sees of a post with this body. */
export const delivery = (body?: unknown, variables: Partial<ExpressionVariables> = {}): ExpressionVariables => ({
  headers: {},
  query: {},
  sender: 'plain',
  ...(body === undefined ? {} : { body: text(JSON.stringify(body)) }),
  ...variables,
})
