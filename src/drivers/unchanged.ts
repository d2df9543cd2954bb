import type { Cel } from './driver-rights.ts'

/**
 * The CEL expressions for one place in an object: in the object after a write, and in the object
 * before it.
 */
export type Both = readonly [now: string, before: string]

export const nowAndBefore = (path: readonly string[]): Both => [
  ['object', ...path].join('.'),
  ['oldObject', ...path].join('.'),
]

/** Returns the CEL rule that a member has not changed, or is still missing. */
export const sameMember = ([now, before]: Both, member: string): Cel =>
  `has(${now}.${member}) == has(${before}.${member}) && (!has(${now}.${member}) || ${now}.${member} == ${before}.${member})`

/**
 * Returns the CEL rule that only these members have changed. The rule does not list the other
 * members, so it also covers members that later versions add.
 */
export const sameBut = ([now, before]: Both, members: readonly string[]): Cel => {
  const free = `[${members.map(member => `'${member}'`).join(', ')}]`
  return (
    `${now}.all(k, k in ${free} || (k in ${before} && ${before}[k] == ${now}[k])) && ` +
    `${before}.all(k, k in ${free} || k in ${now})`
  )
}

/**
 * Returns the CEL rule that only annotations with one of these prefixes changed. One more may change:
 * the API server itself changes it with the template of a DaemonSet.
 */
export const sameAnnotations = ([now, before]: Both, ...prefixes: readonly string[]): Cel => {
  const of = (metadata: string): string => `(has(${metadata}.annotations) ? ${metadata}.annotations : {})`
  const isFree = [
    ...prefixes.map(prefix => `k.startsWith('${prefix}')`),
    "k == 'deprecated.daemonset.template.generation'",
  ].join(' || ')
  return (
    `${of(now)}.all(k, ${isFree} || (k in ${of(before)} && ${of(before)}[k] == ${of(now)}[k])) && ` +
    `${of(before)}.all(k, ${isFree} || k in ${of(now)})`
  )
}

/**
 * Returns the CEL rule for a pod template. Only the members `free` of the template may change, and
 * of its metadata only the annotations. On the template and on the object, only annotations with
 * the prefix may change. Further rules must limit the members in `free`.
 */
export const sameAround = (template: readonly string[], free: readonly string[], prefix: string): readonly Cel[] => {
  const metadata = nowAndBefore([...template, 'metadata'])
  // From the spec down to the pod template, only the next member on the path may change.
  const way = template
    .slice(0, -1)
    .map((_, depth) => sameBut(nowAndBefore(template.slice(0, depth + 1)), [template[depth + 1] ?? '']))
  return [
    ...['labels', 'finalizers', 'ownerReferences'].map(member => sameMember(nowAndBefore(['metadata']), member)),
    sameAnnotations(nowAndBefore(['metadata']), prefix),
    ...way,
    sameBut(nowAndBefore(template), free),
    sameBut(metadata, ['annotations']),
    sameAnnotations(metadata, prefix),
  ]
}
