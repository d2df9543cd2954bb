import { imageOf } from './script.ts'
import type { SnippetHook } from './snippet.ts'

/** Returns the image's path in its registry: `acme/web` for `ghcr.io/acme/web`. */
export const pathOfURL = (image: string): string => {
  const [host = '', ...path] = image.split('/')
  return path.length > 0 && (/[.:]/.test(host) || host === 'localhost') ? path.join('/') : image
}

/**
 * Returns the paths under which a registry may report the hook's image: first those of `pushedAs`, because
 * these are the registry's own names. The first path is for a product that takes only one.
 */
export const pushedPaths = (hook: SnippetHook): readonly [string, ...string[]] => {
  const own = pathOfURL(imageOf(hook))
  const [first = own, ...others] = new Set([...(hook.pushes?.pushedAs ?? []).map(pathOfURL), own])
  return [first, ...others]
}

/**
 * Returns a note that a path is an example, or an empty text if the hook names its image. `place` is what
 * the reader replaces, such as `acme/web`.
 */
export const exampleNote = ({ pushes }: SnippetHook, place: string, what = 'repository'): string =>
  pushes?.image === undefined ? ` Replace ${place} with your ${what}.` : ''
