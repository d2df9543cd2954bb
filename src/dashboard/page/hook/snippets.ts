import { snippetHook } from '../../../snippets/hook.ts'
import { snippetNamed, writeSnippet, type WrittenSnippet } from '../../../snippets/write.ts'
import type { HookDetail } from '../../protocol.ts'

export { snippets } from '../../../snippets/registry.ts'
export type { WrittenSnippet }

/** Returns a product's configuration for a hook with this URL. */
export const writeFor = (product: string, { name, namespace, spec }: HookDetail, url: string): WrittenSnippet => {
  const snippet = snippetNamed(product)
  return snippet === undefined ? { texts: [] } : writeSnippet(snippet, snippetHook(name, namespace, spec, url))
}
