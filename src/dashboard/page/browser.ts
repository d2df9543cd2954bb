/** The one file that touches what the browser gives: time, network, storage, the address, the clipboard, media. */

export const now = (): number => Date.now()

/** Runs `run` once, `ms` milliseconds from now. Returns what cancels it. */
export const after = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

export const request = (path: string, options: RequestInit): Promise<Response> =>
  fetch(path, { credentials: 'same-origin', cache: 'no-store', redirect: 'error', ...options })

/** Kept for this origin, which knows its port. Where the browser keeps nothing, it is forgotten with the page. */
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
      // A private window may refuse.
    }
  },
}

/** Copies text; false where the browser does not let it. */
export const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** A name that nothing else has. */
export const uniqueName = (): string =>
  [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, '0')).join('')

export const address = {
  /** The path and the query. */
  place: (): string => location.pathname + location.search,
  hash: (): string => location.hash.slice(1),
  push: (href: string): void => history.pushState(null, '', href),
  replace: (href: string): void => history.replaceState(null, '', href),
  back: (): void => history.back(),
  reload: (): void => location.reload(),
  onMove: (run: () => void): void => addEventListener('popstate', run),
  onHash: (run: () => void): void => addEventListener('hashchange', run),
}

/** Says which way of signing in the server has, and its version: it writes both into the document. */
export const documentSays = (name: 'signIn' | 'version'): string => document.documentElement.dataset[name] ?? ''

export const isHidden = (): boolean => document.hidden
export const onVisibility = (run: () => void): void => document.addEventListener('visibilitychange', run)

/** Follows a media query. */
export const onMedia = (query: string, run: (matches: boolean) => void): void => {
  const media = matchMedia(query)
  run(media.matches)
  media.addEventListener('change', () => run(media.matches))
}

export const onKey = (run: (event: KeyboardEvent) => void): (() => void) => {
  addEventListener('keydown', run)
  return () => removeEventListener('keydown', run)
}

/** Has the browser ask before the page is left while `dirty` holds. */
export const onLeaving = (dirty: () => boolean): (() => void) => {
  const ask = (event: BeforeUnloadEvent): void => {
    if (dirty()) event.preventDefault()
  }
  addEventListener('beforeunload', ask)
  return () => removeEventListener('beforeunload', ask)
}

export const setTitle = (title: string): void => void (document.title = title)

/** The element of an id, if the page has one. */
export const element = (id: string): HTMLElement | undefined => document.getElementById(id) ?? undefined

/** Chooses light or dark; undefined follows the system. */
export const setScheme = (scheme: string | undefined): void => {
  if (scheme === undefined) delete document.documentElement.dataset['scheme']
  else document.documentElement.dataset['scheme'] = scheme
}
