/** Headers that hold secrets. No expression sees them, so that none can give them away by what it lets pass. */
const hidden: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-gitlab-token',
])

/** The headers that an expression may see, as entries. */
export const visibleHeaders = (headers: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(headers).filter(([name]) => !hidden.has(name))
