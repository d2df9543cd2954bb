import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { stringAt } from '../../../api/json.ts'
import type { SnippetGroup } from '../../../snippets/snippet.ts'
import type * as written from './snippets.ts'
import type { HookDetail, Row } from '../../protocol.ts'
import { askURL } from '../changes.ts'
import { copy } from '../browser.ts'
import { say } from '../notices.ts'
import { editHref, follow } from '../route.ts'
import { Prose } from '../words/prose.tsx'

/** What stands for the URL until it is asked for. Its last part is the token, which some configurations have by itself. */
const placeholder = 'https://THE-ADDRESS-OF-THIS-HOOK/THE-TOKEN-OF-THIS-HOOK'

/** Whether a text has something of a URL in it: what stands before the token, or that. */
const hasPart = (text: string, url: string): boolean =>
  text.includes(url.slice(0, url.lastIndexOf('/'))) || hasToken(text, url)

/** Whether a text has the secret part of a URL in it. */
const hasToken = (text: string, url: string): boolean => text.includes(url.slice(url.lastIndexOf('/') + 1))

/** As people look for a product. */
const groups: readonly (readonly [group: SnippetGroup, title: string])[] = [
  ['alerts', 'Alerts'],
  ['images', 'Registries'],
  ['pipelines', 'Pipelines'],
  ['scripts', 'Scripts'],
]

/** How what posts to this hook is configured: ready texts, in which the URL is hidden until it is asked for. */
export const UseIt = ({ hook, row }: { row: Row; hook: HookDetail }) => {
  const loaded = useSignal<typeof written | undefined>(undefined)
  const chosen = useSignal('')
  const url = useSignal<string | undefined>(undefined)
  useEffect(() => {
    // Loaded when it is needed: the list has no use for it.
    void import('./snippets.ts').then(module => {
      loaded.value = module
      // The first that can run this hook: for one that rolls out images, a registry.
      const fits = module.snippets.find(({ name }) => 'texts' in module.writeFor(name, hook, placeholder))
      chosen.value ||= fits?.name ?? module.snippets[0]?.name ?? ''
    })
  }, [])
  useEffect(() => {
    url.value = undefined
  }, [row.key, row.generation, row.url])
  const writeFor = (address: string): written.Written =>
    loaded.value?.writeFor(chosen.value, hook, address) ?? { texts: [] }
  const shown = writeFor(url.value ?? placeholder)
  const texts = 'texts' in shown ? shown.texts : []
  const shows = texts.some(({ text }) => hasPart(text, url.value ?? placeholder))
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
          {groups.map(([group, title]) => (
            <optgroup key={group} label={title}>
              {loaded.value?.snippets
                .filter(snippet => snippet.group === group)
                .map(({ name, title }) => (
                  <option key={name} value={name}>
                    {title}
                  </option>
                ))}
            </optgroup>
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
      {'refused' in shown && (
        <p class="strip" role="status">
          <Prose text={`${sentence(shown.refused)}.`} />
        </p>
      )}
      {chosen.value === 'alertmanager' &&
        texts.length > 0 &&
        stringAt(hook.spec, 'token', 'secretName') === undefined && (
          <p class="help">
            A Secret for the token keeps it out of Alertmanager's configuration, and follows each rotation.{' '}
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
          <button type="button" class="quiet" onClick={() => void copyText(row, writeFor, index)}>
            {hasPart(text, url.value ?? placeholder) ? 'Copy with the URL' : 'Copy'}
          </button>
        </div>
      ))}
    </section>
  )
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Copies a text with the URL in it, without showing that. */
const copyText = async (row: Row, writeFor: (url: string) => written.Written, index: number): Promise<void> => {
  const textWith = (url: string): string | undefined => {
    const made = writeFor(url)
    return 'texts' in made ? made.texts[index]?.text : undefined
  }
  const withPlaceholder = textWith(placeholder) ?? ''
  const url = hasPart(withPlaceholder, placeholder) ? await askURL(row) : placeholder
  const text = url === undefined ? undefined : textWith(url)
  if (text === undefined) return
  const done = await copy(text)
  say(
    done
      ? `The text was copied${hasToken(withPlaceholder, placeholder) ? ': it holds a secret, with which anybody can run the hook' : ''}.`
      : 'The browser did not let the page copy.',
  )
}
