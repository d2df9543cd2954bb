import type { AnchorHTMLAttributes } from 'preact'
import { goto, hookHref, listHref, targetHref } from '../route.ts'
import { targetObject } from '../words/hooks.ts'

type LinkProps = Omit<AnchorHTMLAttributes, 'href' | 'onClick' | 'role'> & { readonly to: string }

/** A link inside the page. If a click opens it in another tab, the browser handles it. */
export const PageLink = ({ children, to, ...props }: LinkProps) => (
  <a
    {...props}
    href={to}
    onClick={event => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      goto(to)
    }}
  >
    {children}
  </a>
)

/** A target, as a link to its page if it is one object. */
export const ObjectLink = ({ namespace, target = '' }: { namespace: string; target: string | undefined }) => {
  const object = targetObject(target)
  const shown = { class: 'to', title: target }
  if (object === undefined) return <a {...shown}>{target}</a>
  return (
    <PageLink {...shown} to={targetHref(namespace, object)}>
      {target}
    </PageLink>
  )
}

/** Links back: to the list with its search, and from a form to its hook. */
export const Trail = ({ end, hook }: { end: string; hook?: { readonly namespace: string; readonly name: string } }) => (
  <nav class="trail" aria-label="Where you are">
    <PageLink to={listHref()}>Hooks</PageLink>
    {hook !== undefined && (
      <>
        {' › '}
        <PageLink to={hookHref(`${hook.namespace}/${hook.name}`)}>{hook.name}</PageLink>
      </>
    )}
    {' › '}
    <span aria-current="page">{end}</span>
  </nav>
)
