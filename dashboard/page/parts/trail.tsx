import { followLink, hookHref, listHref } from '../route.ts'

/** Links back: to the list with its search, and from a form to its hook. */
export const Trail = ({ end, hook }: { end: string; hook?: { readonly namespace: string; readonly name: string } }) => {
  const back = listHref()
  const of = hook && hookHref(`${hook.namespace}/${hook.name}`)
  return (
    <nav class="trail" aria-label="Where you are">
      <a href={back} onClick={followLink(back)}>
        Hooks
      </a>
      {of !== undefined && (
        <>
          {' › '}
          <a href={of} onClick={followLink(of)}>
            {hook?.name}
          </a>
        </>
      )}
      {' › '}
      <span aria-current="page">{end}</span>
    </nav>
  )
}
