import { snippetHook } from '../../../cli/snippets/hook.ts'
import { snippetNamed, writeSnippet, type WrittenSnippet } from '../../../cli/snippets/write.ts'
import type { HookDetail } from '../../protocol.ts'

export { snippets } from '../../../cli/snippets/registry.ts'
export type { WrittenSnippet }

/** Returns a product's configuration for a hook with this URL. */
export const writeFor = (product: string, { name, namespace, spec }: HookDetail, url: string): WrittenSnippet => {
  const snippet = snippetNamed(product)
  return snippet === undefined ? { texts: [] } : writeSnippet(snippet, snippetHook(name, namespace, spec, url))
}
