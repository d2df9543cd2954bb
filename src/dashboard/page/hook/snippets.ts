import { snippetHook } from '../../../snippets/hook.ts'
import { snippetNamed, writeSnippet, type Written } from '../../../snippets/write.ts'
import type { HookDetail } from '../../protocol.ts'

export { snippets } from '../../../snippets/registry.ts'
export type { Written }

/** A product's configuration for a hook with this URL. */
export const writeFor = (product: string, { name, namespace, spec }: HookDetail, url: string): Written => {
  const snippet = snippetNamed(product)
  return snippet === undefined ? { texts: [] } : writeSnippet(snippet, snippetHook(name, namespace, spec, url))
}
