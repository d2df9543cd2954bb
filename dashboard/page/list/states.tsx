import { ActionButton } from '../parts/act.tsx'
import { moment } from '../clock.ts'
import { namespaceShown, namespaces } from '../namespaces.ts'
import { CommandLine } from '../parts/notice.tsx'
import { whyNot } from '../rights.ts'
import { PageLink } from '../parts/links.tsx'
import { goto, listHref } from '../route.ts'
import { learn, me } from '../session.ts'
import { link, over, total } from '../store.ts'
import { kubectlGrant } from '../words/kubectl.ts'
import { lasting } from '../words/time.ts'

const named = 'receiverhooks.receiverhooks.dev'

/** Shown for a namespace without hooks. Explains what a hook is and how to create one. */
export const Empty = () => {
  const namespace = namespaceShown.value
  const where = namespace === '' ? 'this cluster' : `namespace ${namespace}`
  const why = namespace === '' ? undefined : whyNot(namespace, 'create')
  return (
    <div class="middle">
      <h1 tabIndex={-1}>No hooks in {where} yet</h1>
      <p>
        A receiver hook is a URL. A POST to it runs one action, such as scaling a workload up by one, within bounds that
        you set: from a Prometheus alert, an image registry, a script.
      </p>
      {why === undefined ? (
        <p>
          <PageLink class="button" to="/new">
            Add the first hook
          </PageLink>
        </p>
      ) : (
        <>
          <p>{why}. An administrator can grant it to you:</p>
          <Grant verbs={['create', 'get', 'list', 'watch', 'update', 'patch', 'delete']} />
        </>
      )}
    </div>
  )
}

/** The commands that grant the user rights to the hooks of the shown namespace. */
const Grant = ({ verbs }: { verbs: readonly string[] }) => (
  <CommandLine
    label="Commands that grant the right"
    text={kubectlGrant(me.value?.user ?? '', namespaceShown.value, verbs, named)}
  />
)

/** Shown if the user may not list hooks here. Names the missing right and other namespaces. */
export const Forbidden = () => {
  const namespace = namespaceShown.value
  const user = me.value?.user ?? ''
  const isWrong = isWrongName()
  const [, own] = /^system:serviceaccount:([^:]+):/.exec(user) ?? []
  const known = new Set([...(own === undefined ? [] : [own]), ...namespaces.value.names])
  const others = [...known].filter(name => name !== namespace).slice(0, 20)
  return (
    <div class="middle">
      <h1 tabIndex={-1}>
        {isWrong ? 'No namespace can be called ' : 'You may not see the hooks of '}
        {namespace || 'all namespaces'}
      </h1>
      {!isWrong && (
        <p role="alert">
          {user} may not list {named}
          {namespace === '' ? ' in the whole cluster' : ` in namespace ${namespace}`}.
        </p>
      )}
      {namespace !== '' && !isWrong && (
        <>
          <p>An administrator can grant you the right to see them:</p>
          <Grant verbs={['get', 'list', 'watch']} />
        </>
      )}
      <div class="line">
        <ActionButton class="button" onAct={() => void learn()}>
          Look again
        </ActionButton>
        {others.length > 0 && <span>or at another namespace:</span>}
        {others.map(name => (
          <button key={name} type="button" class="quiet" onClick={() => goto(`/?ns=${name}`)}>
            {name}
          </button>
        ))}
      </div>
    </div>
  )
}

/** Shown until the first rows arrive. */
export const Connecting = () => (
  <p class="middle appears faint" role="status">
    Reading the hooks …
  </p>
)

/**
 * Warns above the content that it may be old, and since when. A screen reader would read each change
 * of an alert, so it does not get the age.
 */
export const LostBar = () => {
  const state = link.value
  if (typeof state === 'string') return null
  return (
    <p class="strip bad" role="alert">
      {state.why === '' ? 'Connection lost' : `Not up to date: ${state.why};`}{' '}
      <span aria-hidden="true">{lasting(moment.value - state.lostSince)} ago; </span>
      trying again
    </p>
  )
}

/** Returns whether to dim the content, because the connection is lost. */
export const isOld = (): boolean => typeof link.value !== 'string' && total.value > 0

/** Returns whether the stream ended because the user may not list hooks, or asked for a wrong name. */
export const isForbidden = (): boolean => over.value?.why === 'forbidden' || isWrongName()

const isWrongName = (): boolean => over.value?.why === 'wrong'

/** Shown in place of what is not there, or cannot be read. */
export const Nothing = ({ title, why }: { title: string; why?: string | undefined }) => (
  <div class="middle">
    <h1 tabIndex={-1}>{title}</h1>
    {why !== undefined && <p role="alert">{why}</p>}
    <PageLink class="button" to={listHref()}>
      All hooks
    </PageLink>
  </div>
)
