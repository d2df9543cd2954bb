import { ActionButton } from './parts/act.tsx'
import { pageURL } from '../../src/api/site.ts'
import { moment } from './clock.ts'
import { signInWay } from './credential.ts'
import { Middle } from './list/states.tsx'
import { Trail } from './parts/trail.tsx'
import { me, signOut } from './session.ts'
import { dateText, lasting } from './words/time.ts'

const ways = {
  key: 'the kubeconfig of the person who started the dashboard',
  token: 'the token that you pasted',
  header: 'the proxy in front of this page',
} as const

/** Shows who is signed in, and until when. */
export const MePage = () => {
  const who = me.value
  if (who === undefined) return null
  return (
    <Middle>
      <Trail end="You" />
      <h1 tabIndex={-1}>{who.user}</h1>
      <dl>
        <dt>Signed in by</dt>
        <dd>{ways[who.signIn]}</dd>
        <dt>Groups</dt>
        <dd>{who.groups.length === 0 ? 'none' : who.groups.join(', ')}</dd>
        <dt>API server</dt>
        <dd>{who.cluster}</dd>
        <dt>Session ends</dt>
        <dd>
          {dateText(who.endsAt)}, in {lasting(who.endsAt - moment.value)}
          {who.tokenEnds ? ', with the token' : ''}
        </dd>
        <dt>Version</dt>
        <dd>
          {who.version} · <a href={pageURL('docs/README.md')}>Documentation</a>
        </dd>
      </dl>
      <p class="faint">
        The dashboard sends all your requests to the API server as this user, and has no rights itself.
      </p>
      {signInWay !== 'header' && (
        <p>
          <ActionButton onAct={() => void signOut()}>Sign out</ActionButton>
        </p>
      )}
    </Middle>
  )
}
