import type { Target } from './steps.ts'

/** A target as a claim names it; its namespace is the record's. */
export const targetText = ({ name, type }: Target): string =>
  [type.group, type.version, type.resource, type.kind, name].join('/')

/** The target that a claim names; undefined when it names none. */
export const parseTarget = (text: string, namespace: string): Target | undefined => {
  const [group, version, resource, kind, name, ...more] = text.split('/')
  if (group === undefined || !version || !resource || !kind || !name || more.length > 0) return undefined
  return { type: { group, version, resource, kind }, namespace, name }
}
