import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { authOf } from '../../../api/auth.ts'
import { has } from '../../../api/guard.ts'
import { authSchema } from '../../../api/auth.ts'
import { stringAt } from '../../../api/json.ts'
import type { Snippet, SnippetHook } from '../../../snippets/snippet.ts'
import type { HookDetail, Row } from '../../protocol.ts'
import { askURL } from '../changes.ts'
import { copy } from '../browser.ts'
import { say } from '../parts/notice.tsx'
import { editHref, follow } from '../route.ts'
import { Prose } from '../words/prose.tsx'

/** What stands for the URL until it is asked for. */
const placeholder = 'https://THE-URL-OF-THIS-HOOK'

/** How what posts to this hook is configured: ready texts, in which the URL is hidden until it is asked for. */
export const UseIt = ({ hook, row }: { row: Row; hook: HookDetail }) => {
  const snippets = useSignal<readonly Snippet[]>([])
  const chosen = useSignal('')
  const url = useSignal<string | undefined>(undefined)
  useEffect(() => {
    // Loaded when it is needed: the list has no use for it.
    void import('../../../snippets/registry.ts').then(module => {
      snippets.value = module.snippets
      chosen.value ||= module.snippets[0]?.name ?? ''
    })
  }, [])
  useEffect(() => {
    url.value = undefined
  }, [row.key, row.generation, row.url])
  const snippet = snippets.value.find(({ name }) => name === chosen.value)
  const texts = snippet?.texts(snippetHook(hook, url.value ?? placeholder)) ?? []
  const shows = texts.some(({ text }) => text.includes(url.value ?? placeholder))
  return (
    <section class="card" aria-label="Use it">
      <div class="line">
        <h2>Use it</h2>
        <label class="unseen" for="snippet">
          For
        </label>
        <select
          id="snippet"
          class="short"
          value={chosen.value}
          onChange={event => (chosen.value = event.currentTarget.value)}
        >
          {snippets.value.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
        <span class="grow" />
        {shows && (
          <button
            type="button"
            class="quiet"
            onClick={() =>
              void (url.value === undefined ? askURL(row).then(asked => (url.value = asked)) : (url.value = undefined))
            }
          >
            {url.value === undefined ? 'Show with the URL' : 'Hide the URL'}
          </button>
        )}
      </div>
      {chosen.value === 'alertmanager' && stringAt(hook.spec, 'token', 'secretName') === undefined && (
        <p class="help">
          A Secret for the URL keeps it out of Alertmanager's configuration, and follows each rotation.{' '}
          <a href={editHref(row.key)} onClick={follow(`${editHref(row.key)}?secretName=${row.name}-url`)}>
            Put the URL into Secret/{row.name}-url
          </a>
        </p>
      )}
      {texts.map(({ text, where }, index) => (
        <div key={index} class="snippet">
          <p class="help">
            <Prose text={where} />
          </p>
          <pre class="yaml" tabIndex={0} aria-label={where}>
            <code>{text}</code>
          </pre>
          <button type="button" class="quiet" onClick={() => void copyText(row, snippet, index, hook)}>
            Copy with the URL
          </button>
        </div>
      ))}
    </section>
  )
}

const snippetHook = (hook: HookDetail, url: string): SnippetHook => {
  const secretName = stringAt(hook.spec, 'token', 'secretName')
  const written = hook.spec['auth']
  const auth = has(authSchema, written) ? authOf(written) : undefined
  return {
    namespace: hook.namespace,
    name: hook.name,
    url,
    ...(secretName === undefined ? {} : { secretName }),
    ...(auth === undefined ? {} : { auth }),
  }
}

/** Copies a text with the URL in it, without showing that. */
const copyText = async (row: Row, snippet: Snippet | undefined, index: number, hook: HookDetail): Promise<void> => {
  const needs = snippet?.texts(snippetHook(hook, placeholder))[index]?.text.includes(placeholder) === true
  const url = needs ? await askURL(row) : placeholder
  const text = url === undefined ? undefined : snippet?.texts(snippetHook(hook, url))[index]?.text
  if (text === undefined) return
  const done = await copy(text)
  say(
    done
      ? `The text for ${snippet?.title ?? ''} was copied${needs ? ': it holds the URL, which is a secret' : ''}.`
      : 'The browser did not let the page copy.',
  )
}
