import { ActionButton } from './parts/act.tsx'
import { useSignal } from '@preact/signals'
import { CommandLine } from './parts/notice.tsx'
import { ScriptForm, TextField } from './parts/text-field.tsx'
import { pageURL } from '../../src/api/site.ts'
import { keyCharacters } from '../protocol.ts'
import { address } from './browser.ts'
import { moment } from './clock.ts'
import { ended, signInWay } from './credential.ts'
import { Trail } from './parts/links.tsx'
import { Facts } from './parts/status.tsx'
import { learn, me, signInWith, signOut } from './session.ts'
import { kubectlToken } from './words/kubectl.ts'
import { sentence } from './words/sentence.ts'
import { dateText, lasting } from './words/time.ts'

/** The page of a user who is not signed in. */
export const SignInPage = () => (
  <div class="middle">
    <h1 tabIndex={-1}>{signInWay === 'header' ? 'Not signed in' : 'Sign in'}</h1>
    {ended.value !== undefined && (
      <p class={ended.value.reason === 'UsedKey' ? 'fault' : 'faint'} role="alert">
        {sentence(ended.value.message)}
      </p>
    )}
    <SignInForm />
  </div>
)

const WithHeader = () => {
  const fault = useSignal<string | undefined>(undefined)
  const again = async (): Promise<void> => {
    fault.value = undefined
    fault.value = shown(await learn())
  }
  return (
    <>
      <p>The proxy in front of this page signs people in. Load the page again to be sent there.</p>
      <div class="line">
        <ActionButton class="button" onAct={() => address.reload()}>
          Load again
        </ActionButton>
        <ActionButton onAct={() => void again()}>I am signed in: try again</ActionButton>
      </div>
      <p class="fault" role="alert">
        {fault.value}
      </p>
    </>
  )
}

const keyIn = (link: string): string | undefined => {
  const key = link.trim().split('#key=').at(-1) ?? ''
  return key.length === keyCharacters && /^[\w-]+$/.test(key) ? key : undefined
}

const shown = (fault: string | undefined): string | undefined => fault && sentence(fault)

interface SecretFormProps {
  readonly id: string
  readonly label: string
  /** Signs in with what was typed. Resolves with why it was refused, or undefined. */
  readonly act: (typed: string) => Promise<string | undefined>
}

const SecretForm = ({ act, id, label }: SecretFormProps) => {
  const fault = useSignal<string | undefined>(undefined)
  const typed = useSignal('')
  const submit = async (): Promise<void> => {
    fault.value = shown(await act(typed.value))
    if (fault.value === undefined) typed.value = ''
  }
  return (
    <ScriptForm submit={submit}>
      <TextField id={id} label={label} text={typed} refused={fault} isSecret />
      <button type="submit" class="button">
        Sign in
      </button>
    </ScriptForm>
  )
}

const signInByLink = async (link: string): Promise<string | undefined> => {
  // In the dialog this is why it is open.
  if (me.value === undefined) ended.value = undefined
  const key = keyIn(link)
  return key === undefined
    ? `This is not a sign-in link: those end with #key= and ${keyCharacters} characters.`
    : await signInWith({ key })
}

const WithKey = () => (
  <>
    <p>
      Open the link that <code>kubectl receiverhook dashboard</code>, or the playground, has printed. It works once,
      within five minutes: press Enter in that terminal for another.
    </p>
    <SecretForm id="sign-in-link" label="Or paste it here" act={signInByLink} />
  </>
)

const WithToken = () => {
  const account = useSignal('')
  const namespace = useSignal('')
  return (
    <>
      <p>
        You act here with your own rights. Paste a service account's token, or an ID token that this cluster accepts. It
        stays in the server's memory, and never comes back to a page.
      </p>
      <SecretForm id="token" label="Token" act={token => signInWith({ token })} />
      <details>
        <summary>Make a token with kubectl</summary>
        <div class="pair">
          <TextField id="token-account" label="Service account" text={account} isRemembered />
          <TextField id="token-namespace" label="In namespace" text={namespace} isRemembered />
        </div>
        <CommandLine
          label="The command that makes a token"
          text={kubectlToken(account.value || 'NAME', namespace.value || 'NAMESPACE')}
        />
      </details>
    </>
  )
}

/** The fields to sign in. Also shown in a dialog when the session has ended. */
export const SignInForm = { key: WithKey, token: WithToken, header: WithHeader }[signInWay]

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
    <div class="middle">
      <Trail end="You" />
      <h1 tabIndex={-1}>{who.user}</h1>
      <Facts
        facts={{
          'Signed in by': ways[who.signIn],
          Groups: who.groups.join(', ') || 'none',
          'API server': who.cluster,
          'Session ends': `${dateText(who.endsAt)}, in ${lasting(who.endsAt - moment.value)}${who.tokenEnds ? ', with the token' : ''}`,
          Version: (
            <>
              {who.version} · <a href={pageURL('docs/README.md')}>Documentation</a>
            </>
          ),
        }}
      />
      <p class="faint">
        The dashboard sends all your requests to the API server as this user, and has no rights itself.
      </p>
      {signInWay !== 'header' && (
        <p>
          <ActionButton onAct={() => void signOut()}>Sign out</ActionButton>
        </p>
      )}
    </div>
  )
}
