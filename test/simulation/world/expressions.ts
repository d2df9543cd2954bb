import type { Post } from '../happened.ts'

/** What an expression makes of a delivery. */
export type Filtered = 'counts' | 'does not' | 'fails'

/** The expressions that hooks have, and what each says: written down a second time, and apart from CEL. */
const expressions: ReadonlyMap<string, (post: Post) => Filtered> = new Map<string, (post: Post) => Filtered>([
  ['!("x-drill" in headers)', ({ drill }) => (drill ? 'does not' : 'counts')],
  ['sender != "alertmanager" || body.status == "firing"', ({ kind }) => (kind === 'resolved' ? 'does not' : 'counts')],
  ['body.status == "firing" || body.status == "resolved"', ({ kind }) => (kind === 'plain' ? 'fails' : 'counts')],
])

export const allExpressions = [...expressions.keys()]

/** What `spec.when` makes of a post. */
export const filter = (when: string | undefined, post: Post): Filtered =>
  when === undefined ? 'counts' : (expressions.get(when)?.(post) ?? 'fails')
