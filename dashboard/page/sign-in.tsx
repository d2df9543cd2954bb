import { ActionButton } from './parts/act.tsx'
import { useSignal } from '@preact/signals'
import { Middle } from './list/states.tsx'
import { CommandLine } from './parts/notice.tsx'
import { ScriptForm, TextField } from './parts/text-field.tsx'
import { ended, signInWay } from './credential.ts'
import { address } from './browser.ts'
import { learn, me, signInWith } from './session.ts'
import { keyCharacters } from '../protocol.ts'
import { kubectlToken } from './words/kubectl.ts'
import { sentence } from './words/sentence.ts'

/** The page of a user who is not signed in. */
export const SignInPage = () => (
  <Middle>
    <h1 tabIndex={-1}>{signInWay === 'header' ? 'Not signed in' : 'Sign in'}</h1>
    {ended.value !== undefined && (
      <p class={ended.value.reason === 'UsedKey' ? 'fault' : 'faint'} role="alert">
        {sentence(ended.value.message)}
      </p>
    )}
    <SignInForm />
  </Middle>
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

const WithKey = () => {
  const fault = useSignal<string | undefined>(undefined)
  const link = useSignal('')
  const submit = async (): Promise<void> => {
    // In the dialog this is why it is open.
    if (me.value === undefined) ended.value = undefined
    const key = keyIn(link.value)
    fault.value =
      key === undefined
        ? `This is not a sign-in link: those end with #key= and ${keyCharacters} characters.`
        : shown(await signInWith({ key }))
  }
  return (
    <>
      <p>
        Open the link that <code>kubectl receiverhook dashboard</code>, or the playground, has printed. It works once,
        within five minutes: press Enter in that terminal for another.
      </p>
      <ScriptForm submit={submit}>
        <TextField id="sign-in-link" label="Or paste it here" text={link} refused={fault} isSecret />
        <button type="submit" class="button">
          Sign in
        </button>
      </ScriptForm>
    </>
  )
}

const WithToken = () => {
  const fault = useSignal<string | undefined>(undefined)
  const token = useSignal('')
  const account = useSignal('')
  const namespace = useSignal('')
  const submit = async (): Promise<void> => {
    fault.value = shown(await signInWith({ token: token.value }))
    if (fault.value === undefined) token.value = ''
  }
  return (
    <>
      <p>
        You act here with your own rights. Paste a service account's token, or an ID token that this cluster accepts. It
        stays in the server's memory, and never comes back to a page.
      </p>
      <ScriptForm submit={submit}>
        <TextField id="token" label="Token" text={token} refused={fault} isSecret />
        <button type="submit" class="button">
          Sign in
        </button>
      </ScriptForm>
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
