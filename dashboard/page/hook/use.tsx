import { ActionButton } from '../parts/act.tsx'
import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { stringAt } from '../../../src/api/json.ts'
import { hasNamedURL } from '../../../src/api/named.ts'
import type { SnippetGroup } from '../../../cli/snippets/snippet.ts'
import type * as written from './snippets.ts'
import type { HookDetail, ListedHook } from '../../protocol.ts'
import { askURL } from '../changes.ts'
import { copy } from '../browser.ts'
import { say } from '../parts/notice.tsx'
import { PageLink } from '../parts/links.tsx'
import { editHref } from '../route.ts'
import { Prose } from '../words/prose.tsx'
import { sentence } from '../words/sentence.ts'
import { useShownURL } from './url.tsx'

/**
 * The text in place of the URL until the user requests the URL. Its last part stands for the token,
 * because some configurations contain only the token.
 */
const placeholder = 'https://THE-ADDRESS-OF-THIS-HOOK/THE-TOKEN-OF-THIS-HOOK'

/** Returns whether a text contains a part of the URL: the base or the token. */
const hasPart = (text: string, url: string): boolean =>
  text.includes(url.slice(0, url.lastIndexOf('/'))) || hasToken(text, url)

/** Returns whether a text contains the token of the URL, which is its secret part. */
const hasToken = (text: string, url: string): boolean => text.includes(url.slice(url.lastIndexOf('/') + 1))

/** The headings under which products are listed. */
const groups: readonly (readonly [group: SnippetGroup, title: string])[] = [
  ['alerts', 'Alerts'],
  ['images', 'Registries'],
  ['pipelines', 'Pipelines'],
  ['scripts', 'Scripts'],
]

/**
 * Configurations of products for this hook. The URL is hidden until the user requests it, unless it
 * has the hook's name and is no secret.
 */
export const UseIt = ({ hook, row }: { row: ListedHook; hook: HookDetail }) => {
  const loaded = useSignal<typeof written | undefined>(undefined)
  const chosen = useSignal('')
  const { toggle, url } = useShownURL(row)
  useEffect(() => {
    // Loads the snippets only here, because the list of hooks does not need them.
    void import('./snippets.ts').then(module => {
      loaded.value = module
      // Chooses the first product that can run this hook, for example a registry for a hook that
      // rolls out images.
      const fits = module.snippets.find(({ name }) => 'texts' in module.writeFor(name, hook, placeholder))
      chosen.value ||= fits?.name ?? module.snippets[0]?.name ?? ''
    })
  }, [])
  const writeFor = (address: string): written.WrittenSnippet =>
    loaded.value?.writeFor(chosen.value, hook, address) ?? { texts: [] }
  const shown = writeFor(url ?? placeholder)
  const texts = 'texts' in shown ? shown.texts : []
  const shows = texts.some(({ text }) => hasPart(text, url ?? placeholder))
  return (
    <section class="card" aria-label="Use it">
      <div class="line">
        <h2>Use it</h2>
        <label class="unseen" for="snippet">
          For
        </label>
        <Products loaded={loaded.value} chosen={chosen} />
        <span class="grow" />
        {shows && row.url !== 'named' && (
          <ActionButton onAct={() => void toggle()}>
            {url === undefined ? 'Show with the URL' : 'Hide the URL'}
          </ActionButton>
        )}
      </div>
      {'refused' in shown && (
        <p class="strip" role="status">
          <Prose text={sentence(shown.refused)} />
        </p>
      )}
      {chosen.value === 'alertmanager' &&
        texts.length > 0 &&
        stringAt(hook.spec, 'token', 'secretName') === undefined &&
        !hasNamedURL(hook.spec) && <SecretAdvice row={row} />}
      {texts.map(({ text, where }, index) => (
        <div key={index} class="snippet">
          <p class="help">
            <Prose text={where} />
          </p>
          <pre class="yaml" tabIndex={0} aria-label={where}>
            <code>{text}</code>
          </pre>
          <ActionButton onAct={() => void copyText(row, writeFor, index)}>
            {hasPart(text, url ?? placeholder) ? 'Copy with the URL' : 'Copy'}
          </ActionButton>
        </div>
      ))}
    </section>
  )
}

/** The products to choose from, in groups. */
const Products = ({ chosen, loaded }: { chosen: Signal<string>; loaded: typeof written | undefined }) => (
  <select
    id="snippet"
    class="short"
    value={chosen.value}
    onChange={event => (chosen.value = event.currentTarget.value)}
  >
    {groups.map(([group, title]) => (
      <optgroup key={group} label={title}>
        {loaded?.snippets
          .filter(snippet => snippet.group === group)
          .map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
      </optgroup>
    ))}
  </select>
)

/** Offers to put the token into a Secret from which Alertmanager can read it. */
const SecretAdvice = ({ row }: { row: ListedHook }) => (
  <p class="help">
    A Secret for the token keeps it out of Alertmanager's configuration, and follows each rotation.{' '}
    <PageLink to={`${editHref(row.key)}?secretName=${row.name}-url`}>Put the URL into Secret/{row.name}-url</PageLink>
  </p>
)

/** Copies a configuration with the hook's URL without showing the URL. */
const copyText = async (
  row: ListedHook,
  writeFor: (url: string) => written.WrittenSnippet,
  index: number,
): Promise<void> => {
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
      ? `The text was copied${row.url !== 'named' && hasToken(withPlaceholder, placeholder) ? ': it holds a secret, with which anyone can run the hook' : ''}.`
      : 'The browser blocked copying.',
  )
}
