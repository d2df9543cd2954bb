import { follow, hookHref, listHref } from '../route.ts'

/** The way back: to the list as it was, and from a form to its hook. */
export const Trail = ({ end, hook }: { end: string; hook?: { readonly namespace: string; readonly name: string } }) => {
  const back = listHref()
  const of = hook && hookHref(`${hook.namespace}/${hook.name}`)
  return (
    <nav class="trail" aria-label="Where you are">
      <a href={back} onClick={follow(back)}>
        Hooks
      </a>
      {of !== undefined && (
        <>
          {' › '}
          <a href={of} onClick={follow(of)}>
            {hook?.name}
          </a>
        </>
      )}
      {' › '}
      <span aria-current="page">{end}</span>
    </nav>
  )
}
