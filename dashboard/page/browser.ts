/**
 * Returns the time in milliseconds since the epoch. This is the only file that uses the browser's
 * interfaces: time, network, storage, address, clipboard, media.
 */

export const now = (): number => Date.now()

/** Runs `run` once, after `ms` milliseconds. Returns a function that cancels it. */
export const after = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

/** Runs `run` after `firstMs` and then every `ms` milliseconds, while the page is shown, until the returned function is called. */
export const whileShown = (firstMs: number, ms: number, run: () => Promise<void>): (() => void) => {
  let cancel = after(firstMs, function again() {
    cancel = after(ms, again)
    if (!isHidden()) void run()
  })
  return () => cancel()
}

/**
 * How long a request without a signal of its own may take, in milliseconds. The server waits at most
 * 10 s for each answer of the API server.
 */
const withinMs = 30_000

/**
 * Sends a request. A redirect is not followed: its response has the status 0. `accept` makes proxies
 * answer 401 in place of a redirect.
 */
export const request = (
  path: string,
  headers: Readonly<Record<string, string>>,
  options: RequestInit,
): Promise<Response> =>
  fetch(path, {
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'manual',
    // oxlint-disable-next-line eslint/no-restricted-properties -- no test sets the clock of the browser
    signal: AbortSignal.timeout(withinMs),
    headers: { accept: 'application/json, text/event-stream', ...headers },
    ...options,
  })

/**
 * The browser's storage for this origin. The port is a part of the origin. If the browser refuses
 * to store a value, the value is not kept.
 */
export const kept = {
  get: (name: string): string | undefined => {
    try {
      return localStorage.getItem(`receiver-hooks.${name}`) ?? undefined
    } catch {
      return undefined
    }
  },
  set: (name: string, value: string | undefined): void => {
    try {
      if (value === undefined) localStorage.removeItem(`receiver-hooks.${name}`)
      else localStorage.setItem(`receiver-hooks.${name}`, value)
    } catch {
      // A private window may refuse to store anything.
    }
  },
}

/** Calls `run` when another tab has stored a value of this name, or removed it. */
export const onKept = (name: string, run: () => void): void =>
  addEventListener('storage', ({ key }) => {
    if (key === `receiver-hooks.${name}`) run()
  })

/** Copies text. Resolves with false if the browser forbids it. */
export const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

export const address = {
  /** Returns the path and the query of the page's URL. */
  place: (): string => location.pathname + location.search,
  hash: (): string => location.hash.slice(1),
  push: (href: string): void => history.pushState(null, '', href),
  replace: (href: string): void => history.replaceState(null, '', href),
  back: (): void => history.back(),
  reload: (): void => location.reload(),
  onMove: (run: () => void): void => addEventListener('popstate', run),
  onHash: (run: () => void): void => addEventListener('hashchange', run),
}

/** Returns the sign-in method or the version, which the server writes into the document. */
export const documentSays = (name: 'signIn' | 'version'): string => document.documentElement.dataset[name] ?? ''

export const isHidden = (): boolean => document.hidden
export const onVisibility = (run: () => void): void => document.addEventListener('visibilitychange', run)

/** Calls `run` now and whenever a media query changes. */
export const onMedia = (query: string, run: (matches: boolean) => void): void => {
  const media = matchMedia(query)
  run(media.matches)
  media.addEventListener('change', () => run(media.matches))
}

export const onKey = (run: (event: KeyboardEvent) => void): (() => void) => {
  addEventListener('keydown', run)
  return () => removeEventListener('keydown', run)
}

let hasUnsaved = (): boolean => false

/** Asks before the form is left, while `dirty` returns true: the browser for the page, {@link mayLeave} inside it. */
export const onLeaving = (dirty: () => boolean): (() => void) => {
  hasUnsaved = dirty
  const ask = (event: BeforeUnloadEvent): void => {
    if (dirty()) event.preventDefault()
  }
  addEventListener('beforeunload', ask)
  return () => {
    hasUnsaved = () => false
    removeEventListener('beforeunload', ask)
  }
}

/** Returns whether another place may be shown. Asks the user if a form would lose changes. */
export const mayLeave = (): boolean => !hasUnsaved() || confirm('Leave without saving?')

export const setTitle = (title: string): void => void (document.title = title)

/** Returns the element with an id, or undefined. */
export const element = (id: string): HTMLElement | undefined => document.getElementById(id) ?? undefined

/** Focuses the heading of what the page shows. */
export const focusHeading = (): void => document.querySelector<HTMLElement>('main h1')?.focus()

/**
 * Focuses the heading if what has the focus is gone as soon as the page is drawn again. `near` is an element that
 * gets the focus instead, if it is still there.
 */
export const rescueFocus = (near?: { readonly current: HTMLElement | null }): void =>
  void after(20, () => {
    if (document.activeElement !== document.body) return
    if (near?.current) near.current.focus()
    else focusHeading()
  })

/** Chooses light or dark. Undefined follows the system. */
export const setScheme = (scheme: string | undefined): void => {
  if (scheme === undefined) delete document.documentElement.dataset['scheme']
  else document.documentElement.dataset['scheme'] = scheme
}
