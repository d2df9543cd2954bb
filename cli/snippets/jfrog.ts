import { hookWord } from './names.ts'
import { askedHeaders, placeholderNote } from './proof.ts'
import { exampleNote, pushedPaths } from './pushed-paths.ts'
import { jsonText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A webhook of JFrog Artifactory. */
export const jfrog: Snippet = {
  name: 'jfrog',
  title: 'JFrog Artifactory',
  group: 'images',
  proves: { forms: ['bearer', 'basic', 'header', 'hmac'], signs: [{ header: 'X-JFrog-Event-Auth', prefix: '' }] },
  pushes: true,
  texts: hook => [
    {
      where: `\`POST https://acme.jfrog.io/event/api/v1/subscriptions\`, or Administration, Webhooks. Replace docker-local with your repository.${exampleNote(hook, 'acme/web', 'image')} The hook expects images named HOST/REPOSITORY/NAME; where the repository has its own host name or port, list the other name in \`pushedAs\`.${placeholderNote(hook)}`,
      language: 'json',
      text: jsonText({
        key: hookWord(hook),
        enabled: true,
        event_filter: {
          domain: 'docker',
          event_types: ['pushed'],
          criteria: { anyLocal: false, repoKeys: ['docker-local'], includePatterns: patternsOf(hook) },
        },
        handlers: [{ handler_type: 'webhook', url: hook.url, ...proof(hook) }],
      }),
    },
  ],
}

/**
 * Returns patterns for the image's path in its repository. The repository is in the host's name or
 * the first part of the path. The hook skips a post about another image that a pattern matches.
 */
const patternsOf = (hook: SnippetHook): readonly string[] => {
  const paths = pushedPaths(hook).flatMap(path => {
    const [, ...rest] = path.split('/')
    return rest.length > 0 ? [path, rest.join('/')] : [path]
  })
  return [...new Set(paths)].map(path => `${path}/**`)
}

const proof = ({ auth }: SnippetHook): object => {
  const headers = askedHeaders(auth)
  if (headers.length > 0) return { custom_http_headers: headers }
  return auth?.form === 'hmac' ? { secret: 'SECRET', use_secret_for_signing: true } : {}
}
