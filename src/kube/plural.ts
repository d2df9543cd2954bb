/**
 * The resource of a kind, as the tools that make CRDs name it: `Deployment` is served as `deployments`, `Proxy` as `proxies`.
 * It is a guess: whoever acts on it has to look whether the resource of that name has this kind.
 */
export const pluralOf = (kind: string): string => {
  const singular = kind.toLowerCase()
  if (/(?:s|x|z|ch|sh)$/.test(singular)) return `${singular}es`
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`
}

/** The same of a kind that an expression in CEL gives, for an admission policy. */
export const pluralInCel = (kind: string): string => {
  const singular = `${kind}.lowerAscii()`
  return [
    `${singular}.matches('(s|x|z|ch|sh)$') ? ${singular} + 'es' :`,
    `${singular}.matches('[^aeiou]y$') ? ${singular}.substring(0, size(${kind}) - 1) + 'ies' :`,
    `${singular} + 's'`,
  ].join('\n')
}
