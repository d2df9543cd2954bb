import type { ListedHook } from '../../protocol.ts'
import { followLink, targetHref } from '../route.ts'
import { objectOf } from '../words/object.ts'

/** The target of a hook, as a link to its page if it is one object. */
export const TargetLink = ({ row: { namespace, target = '' } }: { row: ListedHook }) => {
  const object = objectOf(target)
  if (object === undefined) {
    return (
      <span class="to" title={target}>
        {target}
      </span>
    )
  }
  const href = targetHref(namespace, object)
  return (
    <a class="to" title={target} href={href} onClick={followLink(href)}>
      {target}
    </a>
  )
}
