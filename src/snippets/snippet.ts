/**
 * Ready configurations of what posts to a hook, filled in for one hook. Everything here is pure and runs in a browser: the
 * page and the command line show the same texts.
 */
import type { Auth } from '../api/auth.ts'

/** A hook, as far as a configuration names it. */
export interface SnippetHook {
  readonly namespace: string
  readonly name: string
  /** Where to post. A placeholder where whoever looks may not see it. */
  readonly url: string
  /** The Secret that holds the URL under the key `url`: the hook's `token.secretName`. */
  readonly secretName?: string
  /** What the hook asks of a sender beside the URL. */
  readonly auth?: Auth
}

export interface SnippetText {
  /** Where it has to go, as one or more sentences. */
  readonly where: string
  readonly language: SnippetLanguage
  readonly text: string
}

export type SnippetLanguage = 'console' | 'json' | 'sh' | 'text' | 'yaml'

/** The configuration of one product that posts. */
export interface Snippet {
  /** What a person types: `github-actions`. */
  readonly name: string
  /** As its makers write it. */
  readonly title: string
  /** What it is for, so that a page can sort them. */
  readonly group: 'alerts' | 'images' | 'pipelines' | 'scripts'
  /** The texts for a hook, the recommended one first. */
  readonly texts: (hook: SnippetHook) => readonly SnippetText[]
}
