/**
 * Ready configurations of what posts to a hook, filled in for one hook. Everything here is pure and runs in a browser: the
 * page, the command line and the reference show the same texts.
 */
import type { Auth, SignedTime } from '../api/auth.ts'

/** A hook, as far as a configuration depends on it. Any member may hold any text: quote.ts has what makes it harmless. */
export interface SnippetHook {
  readonly namespace: string
  readonly name: string
  /** Where to post. A placeholder where the reader may not see it. */
  readonly url: string
  /** The Secret that holds the URL under the key `url`: the hook's `token.secretName`. */
  readonly secretName?: string
  /** What the hook requires of a sender in addition to the URL. */
  readonly auth?: Auth
  /** Set for a hook that rolls out what was pushed. */
  readonly pushes?: Pushes
}

export interface Pushes {
  /** The image that it rolls out, without a tag; undefined for one that takes any. */
  readonly image?: string
  /** Whether a post that names no image does something as well: it restarts the workload. */
  readonly restarts: boolean
}

export interface SnippetText {
  /** Where it has to go, as one or more sentences in one line. */
  readonly where: string
  readonly language: SnippetLanguage
  readonly text: string
}

export type SnippetLanguage = 'console' | 'handlebars' | 'javascript' | 'json' | 'sh' | 'text' | 'yaml'

/** The configuration of one product that posts. */
export interface Snippet {
  /** What a person types: `github-actions`. A sender's own name where the product is one. */
  readonly name: string
  /** As its makers write it. */
  readonly title: string
  /** What it is for, so that a page can sort them. */
  readonly group: SnippetGroup
  /** What it can send in addition to the URL. */
  readonly proves: Proves
  /** Whether its posts can name an image that was pushed. */
  readonly pushes: boolean
  /** The texts for a hook, the recommended one first. Asked for only where {@link writeSnippet} finds nothing against it. */
  readonly texts: (hook: SnippetHook) => readonly SnippetText[]
}

export type SnippetGroup = 'alerts' | 'images' | 'pipelines' | 'scripts'

/** The forms of `auth` that a product can satisfy, and how it signs where it signs in one way alone. */
export interface Proves {
  readonly forms: readonly Auth['form'][]
  readonly signs?: readonly Signature[]
  /** Headers that it sets itself, or refuses to have set, in lower case. */
  readonly reserved?: ReadonlySet<string>
}

/** A signature in hexadecimal digits: what stands before those, and where. Undefined: any. */
export interface Signature {
  readonly header?: string
  readonly prefix?: string
  /** What is signed around the time; undefined where no time is signed. */
  readonly timestamp?: Pick<SignedTime, 'prefix' | 'separator'>
}
