/**
 * Snippets: configurations of products that post, filled in for one hook. All code in this folder
 * is pure and runs in a browser. So the page, the command line and the reference show the same
 * texts.
 */
import type { SentAuth, SignedTime } from '../../src/api/auth.ts'

/** What a snippet needs of a hook. Any member may hold any text, so quote it with quote.ts. */
export interface SnippetHook {
  readonly namespace: string
  readonly name: string
  /** The URL to post to, or a placeholder if the reader may not see it. */
  readonly url: string
  /**
   * The hook's `token.secretName`: a Secret with the URL under the key `url`, and the token under
   * `token`.
   */
  readonly secretName?: string
  /** Set if the URL has the hook's name and no token. */
  readonly hasNamedURL?: true
  /** What the hook requires of a sender in addition to the URL. */
  readonly auth?: SentAuth
  /** How long a step lasts, in milliseconds. Absent if a step is for good. */
  readonly forMs?: number
  /** Set for a hook that rolls out pushed images. */
  readonly pushes?: Pushes
  /** Set for a hook that starts rollouts. A script can wait for their outcome. */
  readonly rollsOut?: true
}

export interface Pushes {
  /** The image that the hook rolls out, without a tag. Undefined: any image. */
  readonly image?: string
  /** The registry's own names of the image, if containers name it differently. */
  readonly pushedAs?: readonly string[]
  /** Set if the hook takes versions alone (`tags.semver`). */
  readonly versions?: true
  /** True if a post without an image restarts the workload. */
  readonly restarts: boolean
}

export interface SnippetText {
  /** Where the text belongs, in one or more sentences on one line. */
  readonly where: string
  readonly language: SnippetLanguage
  readonly text: string
}

export type SnippetLanguage = 'console' | 'handlebars' | 'javascript' | 'json' | 'sh' | 'text' | 'yaml'

/** The configuration of one product. */
export interface Snippet {
  /**
   * The name that a person types, such as `github-actions`. For a product with a sender in
   * `src/senders`, the sender's name.
   */
  readonly name: string
  /** The name as the product writes it. */
  readonly title: string
  /** The heading under which a page lists the product. */
  readonly group: SnippetGroup
  /** The forms of `auth` that the product can send in addition to the URL. */
  readonly proves: Proves
  /** True if its posts can name a pushed image. */
  readonly pushes: boolean
  /**
   * Returns the texts for a hook, the recommended one first. Call it through {@link writeSnippet},
   * which checks whether the product can run the hook.
   */
  readonly texts: (hook: SnippetHook) => readonly SnippetText[]
}

export type SnippetGroup = 'alerts' | 'images' | 'pipelines' | 'scripts'

/**
 * The forms of `auth` that a product supports. If the product signs only in certain ways, `signs`
 * lists them.
 */
export interface Proves {
  readonly forms: readonly SentAuth['form'][]
  readonly signs?: readonly Signature[]
  /** Returns whether the product gets ID tokens of this issuer. Set if it has `oidc`. */
  readonly isIssuer?: (issuer: string) => boolean
  /** Headers that the product sets itself or refuses to set, in lower case. */
  readonly reserved?: ReadonlySet<string>
}

/**
 * How a product writes a signature in hexadecimal: its header, and the prefix before the digits. If
 * header or prefix is undefined, the product can use any.
 */
export interface Signature {
  readonly header?: string
  readonly prefix?: string
  /** The texts around the signed time. Undefined if no time is signed. */
  readonly timestamp?: Pick<SignedTime, 'prefix' | 'separator'>
}
