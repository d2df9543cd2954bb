/** Headers with secrets. An expression cannot see them, because its result could reveal them. */
const hidden: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-gitlab-token',
])

/** Returns the headers that an expression may see, as entries. */
export const visibleHeaders = (headers: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(headers).filter(([name]) => !hidden.has(name))
