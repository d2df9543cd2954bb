import type { Cel } from './rights.ts'

/** The same place in the object as it would be, and as it is. */
export type Both = readonly [now: string, before: string]

export const both = (path: readonly string[]): Both => [['object', ...path].join('.'), ['oldObject', ...path].join('.')]

/** A member is what it was, or is missing as it was. */
export const sameMember = ([now, before]: Both, member: string): Cel =>
  `has(${now}.${member}) == has(${before}.${member}) && (!has(${now}.${member}) || ${now}.${member} == ${before}.${member})`

/** No member differs but these. Needs no list of all that there are, so that no later one is forgotten. */
export const sameBut = ([now, before]: Both, members: readonly string[]): Cel => {
  const free = `[${members.map(member => `'${member}'`).join(', ')}]`
  return (
    `${now}.all(k, k in ${free} || (k in ${before} && ${before}[k] == ${now}[k])) && ` +
    `${before}.all(k, k in ${free} || k in ${now})`
  )
}

/** No annotation differs but those with a prefix, and the one that the API server itself changes with a DaemonSet's template. */
export const sameAnnotations = ([now, before]: Both, prefix: string): Cel => {
  const of = (metadata: string): string => `(has(${metadata}.annotations) ? ${metadata}.annotations : {})`
  const isFree = `k.startsWith('${prefix}') || k == 'deprecated.daemonset.template.generation'`
  return (
    `${of(now)}.all(k, ${isFree} || (k in ${of(before)} && ${of(before)}[k] == ${of(now)}[k])) && ` +
    `${of(before)}.all(k, ${isFree} || k in ${of(now)})`
  )
}

/**
 * Nothing differs in an object with a pods' template but some members of the template, of the template's metadata the annotations
 * alone, and of annotations those with a prefix. What the other free members may become, further rules have to say.
 */
export const sameAround = (template: readonly string[], free: readonly string[], prefix: string): readonly Cel[] => {
  const metadata = both([...template, 'metadata'])
  // From the spec down to the pods' template nothing but the next member on the way may differ.
  const way = template
    .slice(0, -1)
    .map((_, depth) => sameBut(both(template.slice(0, depth + 1)), [template[depth + 1] ?? '']))
  return [
    ...['labels', 'finalizers', 'ownerReferences'].map(member => sameMember(both(['metadata']), member)),
    sameAnnotations(both(['metadata']), prefix),
    ...way,
    sameBut(both(template), free),
    sameBut(metadata, ['annotations']),
    sameAnnotations(metadata, prefix),
  ]
}
