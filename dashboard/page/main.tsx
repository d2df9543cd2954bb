import { effect, signal, useSignal } from '@preact/signals'
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { after, element, isHidden, now, onVisibility, request, setTitle } from './browser.ts'
import { refusalOf } from './ask.ts'
import { useAnswer } from './answered.ts'
import { confirming, pathOf } from './changes.ts'
import { moment, runClock } from './clock.ts'
import { ended, pageKey } from './credential.ts'
import type { HookDetail } from '../protocol.ts'
import { followHealth } from './health.tsx'
import { lazy, preloadLater } from './lazy.tsx'
import { KeysDialog, listenToKeys } from './keys.tsx'
import { HookList } from './list/list.tsx'
import { Menu } from './list/row.tsx'
import { Connecting, Forbidden, isForbidden, isOld, LostBar, Nothing } from './list/states.tsx'
import { forgetEverywhere, namespaceShown, readNamespaces, rememberNamespace } from './namespaces.ts'
import { Dialog } from './parts/dialog.tsx'
import { NoticeArea } from './parts/notice.tsx'
import { here, place } from './route.ts'
import { continueSession, me, openPage, sessionCount, settled } from './session.ts'
import { MePage, SignInForm, SignInPage } from './sign-in.tsx'
import { forget, kindsNow, lastDelivered, link, over, synced, take, total } from './store.ts'
import { readStream, type StreamHandle, type StreamReaderWorld } from './stream.ts'
import { followStop, StopDialog, stopping } from './stop.tsx'
import { keysShown, renewing, restoreScheme, Strips, TopBar } from './top.tsx'

/**
 * How long a tab may be hidden before its stream is closed, in milliseconds. A browser has only six
 * connections to a host.
 */
const hiddenMs = 10_000

const world: StreamReaderWorld = {
  after,
  open: async (path, headers, stop) => {
    const response = await request(path, { ...headers, 'x-page-key': pageKey() }, { signal: stop })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    return isStream ? textOf(response) : refusalOf(response, await response.text())
  },
}

async function* textOf(response: Response): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

/** Follows the hooks of the shown namespace as the signed-in user. */
const followHooks = (): void => {
  let stream: StreamHandle | undefined
  let following = ''
  /** When something last arrived. A computer may sleep for hours after that. */
  let heardAt = 0
  effect(() => {
    const session = sessionCount.value
    const namespace = namespaceShown.value
    if (session === 0) return
    if (`${session} ${namespace}` === following) return
    stream?.pause()
    if (following.split(' ')[1] !== namespace || following === '') {
      forget()
      heardAt = now()
    }
    following = `${session} ${namespace}`
    const key = pageKey()
    const path = (): string =>
      `/api/stream?namespace=${encodeURIComponent(namespace)}&kinds=${encodeURIComponent(kindsNow().join(','))}`
    stream = readStream(world, path, {
      event: event => {
        take(event, now())
        if (event.type !== 'ended') return
        if (event.why !== 'forbidden') void continueSession({ reason: event.why, message: event.message }, key)
        else forgetEverywhere()
      },
      link: (state, why) => (link.value = state === 'live' ? state : { lostSince: heardAt, why }),
      heard: () => (heardAt = now()),
      refused: ({ refusal: { message }, status }) => {
        if (status === 400) over.value = { why: 'wrong', message }
        else void continueSession({ reason: 'expired', message: 'Nobody is signed in here any more' }, key)
      },
    })
    void readNamespaces()
  })
  let cancelPause = (): void => undefined
  onVisibility(() => {
    cancelPause()
    if (isHidden()) cancelPause = after(hiddenMs, () => stream?.pause())
    else stream?.resume()
  })
}

const HookForm = lazy(async () => (await import('./form/form.tsx')).HookForm)
const HookPage = lazy(async () => (await import('./hook/hook.tsx')).HookPage)
const Confirm = lazy(async () => (await import('./hook/confirm.tsx')).Confirm)
const HealthPage = lazy(async () => (await import('./health-page.tsx')).HealthPage)
const TargetPage = lazy(async () => (await import('./target/target.tsx')).TargetPage)

const WithHook = ({ name, namespace, what }: { namespace: string; name: string; what: 'edit' | 'clone' }) => {
  const looks = useSignal(0)
  const { body: hook, refusal } = useAnswer<HookDetail>(pathOf({ name, namespace }), looks.value)
  if (hook !== undefined) {
    const key = `${what} ${hook.uid} ${hook.generation}`
    return <HookForm key={key} {...{ what, hook }} onAgain={() => (looks.value += 1)} />
  }
  return refusal === undefined ? <Connecting /> : <Nothing title={`Can't read ${name}`} why={refusal.message} />
}

const View = () => {
  const at = here.value
  switch (at.at) {
    case 'list':
      if (isForbidden()) return <Forbidden />
      return synced.value || total.value > 0 ? <HookList /> : <Connecting />
    case 'new': {
      const [namespace = '', name = ''] = at.from?.split('/') ?? []
      return name === '' ? (
        <HookForm what="add" />
      ) : (
        <WithHook key={at.from} what="clone" namespace={namespace} name={name} />
      )
    }
    case 'edit':
      return <WithHook key={`${at.namespace}/${at.name}`} what="edit" namespace={at.namespace} name={at.name} />
    case 'hook':
      if (isForbidden()) return <Forbidden />
      return <HookPage key={`${at.namespace}/${at.name}`} namespace={at.namespace} name={at.name} />
    case 'target':
      if (isForbidden()) return <Forbidden />
      return <TargetPage key={place.value} namespace={at.namespace} kind={at.kind} name={at.name} />
    case 'health':
      return <HealthPage />
    case 'me':
      return <MePage />
    case 'sign-in':
      return <SignInPage />
    case 'nowhere':
      return <Nothing title="There is nothing at this address" />
  }
}

/**
 * The shortest time between two deliveries that are announced to screen readers, in milliseconds. Only
 * deliveries to hooks on the screen are announced.
 */
const aloudMs = 5_000
const aloud = signal('')
let mayReadFrom = 0

effect(() => {
  const change = lastDelivered.value
  if (change?.last === undefined || now() < mayReadFrom) return
  if (document.querySelector(`[data-key="${CSS.escape(change.key)}"]`) === null) return
  mayReadFrom = now() + aloudMs
  const { from, outcome, to } = change.last
  aloud.value = `${change.name}: ${outcome}${to === undefined ? '' : ` ${from === to ? 'at' : `${from} to`} ${to}`}`
})

/**
 * Sets the document's title and focuses the heading when the page shows another place, as soon as there is
 * one. If an element has got the focus meanwhile, or is in that place, it keeps the focus.
 */
const useFocusOnHeading = (): void => {
  const path = place.value.split('?', 1)[0]
  useEffect(() => {
    const before = document.activeElement
    const focus = (): void => {
      const heading = document.querySelector<HTMLElement>('main h1')
      if (heading === null) return void (cancel = after(50, focus))
      setTitle(`${heading.textContent} · Receiver hooks`)
      const { activeElement, body } = document
      if (activeElement === body || (activeElement === before && before?.closest('main') === null))
        heading.focus({ preventScroll: true })
    }
    let cancel = after(20, focus)
    return () => cancel()
  }, [path, me.value === undefined])
}

const App = () => {
  useFocusOnHeading()
  const who = me.value
  const isOver = ended.value !== undefined && who !== undefined
  const seen = sessionCount.value
  useEffect(() => {
    renewing.value = false
    if (seen === 0) return undefined
    const ends = [followStop(), followHealth()]
    return () => ends.forEach(end => end())
  }, [seen])
  return (
    <>
      <TopBar />
      <main class={isOld() ? 'old' : ''} data-moment={moment.value > 0 ? '' : undefined}>
        {who === undefined ? (
          settled.value ? (
            <SignInPage />
          ) : (
            <Connecting />
          )
        ) : (
          <>
            <Strips />
            <LostBar />
            <Menu />
            <View />
          </>
        )}
      </main>
      <NoticeArea />
      <div class="unseen" role="status" aria-live="polite">
        {aloud.value}
      </div>
      {confirming.value !== undefined && <Confirm />}
      {keysShown.value && <KeysDialog />}
      {stopping.value && <StopDialog />}
      {(isOver || renewing.value) && (
        <Dialog
          title={isOver ? 'Your session has ended' : 'Sign in again'}
          {...(isOver ? {} : { onClose: () => (renewing.value = false) })}
        >
          <p>
            {isOver
              ? `${ended.value?.message ?? ''}. The page no longer updates, but what you were writing stays.`
              : ''}
          </p>
          <SignInForm />
        </Dialog>
      )}
    </>
  )
}

restoreScheme()
runClock()
listenToKeys()
effect(rememberNamespace)
followHooks()
const root = element('page')
if (root !== undefined) {
  root.replaceChildren()
  render(<App />, root)
}
await openPage()
preloadLater([HookForm, HookPage, TargetPage, Confirm, HealthPage])
