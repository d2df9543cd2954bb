import { followLink, targetHref } from '../route.ts'
import { targetObject } from '../words/object.ts'

/** A target, as a link to its page if it is one object. */
export const ObjectLink = ({ namespace, target = '' }: { namespace: string; target: string | undefined }) => {
  const object = targetObject(target)
  const href = object === undefined ? undefined : targetHref(namespace, object)
  return (
    <a class="to" title={target} {...(href === undefined ? {} : { href, onClick: followLink(href) })}>
      {target}
    </a>
  )
}
