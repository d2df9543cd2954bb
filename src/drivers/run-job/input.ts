import type { Delivery } from '../../api/delivery.ts'
import type { DriverPost } from '../driver.ts'
import { variableOfLabel, variablePrefix, type RunJob } from './schema.ts'

/** The longest body that a Job gets, and the longest value of a label, in bytes. */
export const maxInputBytes = 64 * 1024
export const maxLabelBytes = 1024

/** A text of a post that the containers of a Job get. It is kept as an annotation of the Job's pods. */
export interface PostText {
  readonly annotation: string
  readonly text: string
  /** The variable or the file that has the text. */
  readonly as: { readonly variable: string } | 'file'
}

/** The beginning of the names of these annotations. */
const annotationPrefix = 'receiverhooks.dev/'

/**
 * Returns what the containers of a Job get of a post, or why a Job cannot get it. A label that not
 * all alerts share is empty. Nothing is cut: half of a name could be the name of something else.
 */
export const inputOf = (
  { body: bodyAs, labels = [] }: Pick<RunJob, 'body' | 'labels'>,
  delivery: Pick<Delivery, 'labels'>,
  post: () => Pick<DriverPost, 'body'>,
): readonly PostText[] | { readonly unusable: string } => {
  const inputs: PostText[] = []
  for (const label of labels) {
    const { labels: given = {} } = delivery
    const text = (Object.hasOwn(given, label) ? given[label] : undefined) ?? ''
    if (Buffer.byteLength(text) > maxLabelBytes) {
      return { unusable: `the label ${label} has more than ${maxLabelBytes} bytes` }
    }
    if (halfCharacter.test(text)) return { unusable: `the label ${label} is not valid Unicode` }
    if (text.includes('\u0000')) return { unusable: `the label ${label} contains a NUL character` }
    inputs.push({ annotation: `${annotationPrefix}label.${label}`, text, as: { variable: variableOfLabel(label) } })
  }
  if (bodyAs === 'none') return inputs
  const { body } = post()
  if (body.length > maxInputBytes) {
    return { unusable: `the body has more than ${maxInputBytes / 1024} KiB, and spec.runJob.body is ${bodyAs}` }
  }
  const text = textOf(body)
  if (text === undefined) return { unusable: `the body is not UTF-8 text, and spec.runJob.body is ${bodyAs}` }
  if (text.includes('\u0000')) {
    return { unusable: `the body contains a NUL character, and spec.runJob.body is ${bodyAs}` }
  }
  const as = bodyAs === 'env' ? { variable: `${variablePrefix}BODY` } : 'file'
  return [...inputs, { annotation: `${annotationPrefix}body`, text, as }]
}

/** JSON can have one half of a surrogate pair. The API server would store another character in its place. */
const halfCharacter = /\p{Surrogate}/u

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}
