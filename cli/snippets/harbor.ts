import { hookWord } from './names.ts'
import { credentials } from './proof.ts'
import { exampleNote, pushedPaths } from './pushed-paths.ts'
import { shellWord } from './shell-word.ts'
import { headerWord, readingLines } from './script.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A webhook policy of a project of Harbor. */
export const harbor: Snippet = {
  name: 'harbor',
  title: 'Harbor',
  group: 'images',
  proves: credentials,
  pushes: true,
  texts: hook => {
    const [project = ''] = pushedPaths(hook)[0].split('/')
    return [
      {
        where: `Run this command as an administrator of the project, or use Webhooks on the project's page.${exampleNote(hook, 'acme', 'project')}${
          hook.auth === undefined ? '' : ' `auth_header` becomes the header `Authorization`.'
        }`,
        language: 'sh',
        text: `${[
          ...readingLines(hook),
          `curl --fail-with-body -X POST -u "$HARBOR_USER:$HARBOR_PASSWORD" -H 'Content-Type: application/json' \\`,
          `  -d ${policyOf(hook)} \\`,
          `  ${shellWord(`https://harbor.example.com/api/v2.0/projects/${encodeURIComponent(project)}/webhook/policies`)}`,
        ].join('\n')}\n`,
      },
    ]
  },
}

/** Returns the policy as a shell word, with the header if the hook asks for one. */
const policyOf = (hook: SnippetHook): string => {
  const { auth, url } = hook
  const policy = JSON.stringify({ name: hookWord(hook), enabled: true, event_types: ['PUSH_ARTIFACT'] }).slice(0, -1)
  const target = JSON.stringify({ type: 'http', payload_format: 'CloudEvents', address: url }).slice(0, -1)
  const start = `${policy}, "targets": [${target}`
  const header = headerWord(auth)
  return header === undefined
    ? shellWord(`${start}}]}`)
    : `${shellWord(`${start}, "auth_header": "`)}${header}${shellWord('"}]}')}`
}
