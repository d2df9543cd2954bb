import { ActionButton } from './parts/act.tsx'
import { signal } from '@preact/signals'
import { kept, setScheme } from './browser.ts'
import { moment } from './clock.ts'
import { HealthPill } from './health.tsx'
import { everywhere, namespacePattern, namespaceShown, namespaces } from './namespaces.ts'
import { PageLink } from './parts/links.tsx'
import { goto, here, place } from './route.ts'
import { me } from './session.ts'
import { StopStrip } from './stop.tsx'
import { link, over, serverVersion } from './store.ts'
import { documentSays, address } from './browser.ts'
import { lasting } from './words/time.ts'
import { ended, signInWay } from './credential.ts'

/** True while the list of keys is open. */
export const keysShown = signal(false)

/** True while the dialog is open in which the user signs in again before the session ends. */
export const renewing = signal(false)

export const TopBar = () => (
  <header class="top">
    <PageLink class="brand" to="/" aria-label="Receiver hooks">
      <Mark />
      <span>Receiver hooks</span>
    </PageLink>
    {me.value !== undefined && <NamespacePicker />}
    <span class="grow" />
    {me.value !== undefined && <HealthPill />}
    {me.value !== undefined && <LinkState />}
    <SchemeButton />
    {me.value !== undefined && (
      <>
        <button
          type="button"
          class="plain keys"
          aria-label="Help"
          title="Help: keys, search, what the bar shows"
          onClick={() => (keysShown.value = true)}
        >
          ?
        </button>
        <PageLink class="user" to="/me" title={me.value.user} aria-label={`Signed in as ${me.value.user}`}>
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <circle cx="12" cy="8" r="4" />
            <path d="M4 21a8 8 0 0 1 16 0" />
          </svg>
          <span>{me.value.user}</span>
        </PageLink>
      </>
    )}
  </header>
)

const Mark = () => (
  <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
    <path d="M10 5v11a6 6 0 0 0 12 0v-3M18 17l4-4 4 4" />
  </svg>
)

const NamespacePicker = () => {
  const { complete, names } = namespaces.value
  const shown = namespaceShown.value
  const choose = (name: string): void => goto(`/?ns=${encodeURIComponent(name)}`)
  const label = (
    <label class="unseen" for="namespace">
      Namespace
    </label>
  )
  if (!complete) {
    return (
      <form
        class="namespace"
        onSubmit={event => {
          event.preventDefault()
          const typed = new FormData(event.currentTarget).get('ns')
          if (typeof typed === 'string') choose(typed.trim() || everywhere)
        }}
      >
        {label}
        <input
          id="namespace"
          name="ns"
          key={shown}
          defaultValue={shown}
          placeholder="namespace"
          pattern={namespacePattern}
          autocapitalize="off"
          spellcheck={false}
        />
      </form>
    )
  }
  const known = shown === '' || names.includes(shown) ? names : [shown, ...names]
  return (
    <span class="namespace">
      {label}
      <select
        id="namespace"
        value={shown === '' ? everywhere : shown}
        onChange={({ currentTarget }) => {
          choose(currentTarget.value)
          // A form that is not saved may keep its place.
          currentTarget.value = namespaceShown.peek() || everywhere
        }}
      >
        <option value={everywhere}>All namespaces</option>
        {known.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </span>
  )
}

const LinkState = () => {
  const state = link.value
  const isOver = over.value !== undefined || ended.value !== undefined
  const word = isOver ? 'ended' : typeof state === 'string' ? state : 'not live'
  return (
    <span class={`live ${word === 'live' ? 'yes' : word === 'connecting' ? '' : 'no'}`} role="status" title={word}>
      <span>{word}</span>
    </span>
  )
}

const schemes = ['', 'light', 'dark'] as const
const names: Readonly<Record<string, string>> = { '': 'as the system', light: 'light', dark: 'dark' }
const scheme = signal('')

/** Applies the stored colour scheme. */
export const restoreScheme = (): void => chooseScheme(kept.get('scheme') ?? '')

const chooseScheme = (name: string): void => {
  scheme.value = name
  setScheme(name === '' ? undefined : name)
  kept.set('scheme', name === '' ? undefined : name)
}

const SchemeButton = () => {
  const next = schemes[(schemes.findIndex(name => name === scheme.value) + 1) % schemes.length] ?? ''
  const label = `Colours: ${names[scheme.value]}; change to ${names[next]}`
  return (
    <button type="button" class="plain" aria-label={label} title={label} onClick={() => chooseScheme(next)}>
      {scheme.value === 'light' ? '☀' : scheme.value === 'dark' ? '☾' : '◐'}
    </button>
  )
}

const warnMs = 5 * 60_000

/**
 * Warnings above the page: the session ends soon, unless a proxy renews it; all hooks are stopped, or the server has another
 * version.
 */
export const Strips = () => {
  const who = me.value
  void place.value
  const left = who === undefined ? Infinity : who.endsAt - moment.value
  const other = serverVersion.value !== '' && serverVersion.value !== documentSays('version')
  const writing = here.value.at === 'new' || here.value.at === 'edit'
  return (
    <>
      {signInWay !== 'header' && left < warnMs && left > 0 && who !== undefined && (
        <p class="strip warn" role="status">
          {who.tokenEnds ? 'Your token' : 'Your session'} ends in {lasting(left)}.{' '}
          <ActionButton onAct={() => (renewing.value = true)}>
            {signInWay === 'token' ? 'Paste a new token' : 'Sign in again'}
          </ActionButton>
        </p>
      )}
      <StopStrip />
      {other && (
        <p class="strip warn" role="status">
          The dashboard was updated{writing ? ': load it again once you have saved this form.' : '.'}{' '}
          <ActionButton onAct={() => address.reload()}>Reload</ActionButton>
        </p>
      )}
    </>
  )
}
