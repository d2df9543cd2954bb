/**
 * Returns the resource of a kind as the tools for CRDs name it: `deployments` for `Deployment`,
 * `proxies` for `Proxy`. It is a guess: check that the resource really has this kind.
 */
export const pluralOf = (kind: string): string => {
  const singular = kind.toLowerCase()
  if (/(?:s|x|z|ch|sh)$/.test(singular)) return `${singular}es`
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`
}

/** Returns a CEL expression for the plural of a kind, for an admission policy. */
export const pluralInCel = (kind: string): string => {
  const singular = `${kind}.lowerAscii()`
  return [
    `${singular}.matches('(s|x|z|ch|sh)$') ? ${singular} + 'es' :`,
    `${singular}.matches('[^aeiou]y$') ? ${singular}.substring(0, size(${kind}) - 1) + 'ies' :`,
    `${singular} + 's'`,
  ].join('\n')
}
