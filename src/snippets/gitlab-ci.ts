import type { Auth } from '../api/auth.ts'
import { curlLines, secretsOf } from './curl.ts'
import { indented, yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A job of GitLab CI: one delivery a pipeline, however often the job is tried. */
export const gitlabCi: Snippet = {
  name: 'gitlab-ci',
  title: 'GitLab CI',
  group: 'pipelines',
  texts: ({ auth, name, url }) => [
    {
      where: `\`.gitlab-ci.yml\`. In the project, Settings, CI/CD, Variables, add HOOK_URL${variables(auth)}, masked and hidden.`,
      language: 'yaml',
      text: `${yamlText(name)}:
  stage: deploy
  image: ${auth?.form === 'hmac' ? 'alpine:3.22' : 'curlimages/curl:8.17.0'}
  retry: 2
${auth?.form === 'hmac' ? '  before_script:\n    - apk add --no-cache curl openssl\n' : ''}  script:
    - |
${indented(curlLines(auth, '"$HOOK_URL"', 'gitlab-$CI_PROJECT_ID-$CI_PIPELINE_ID').join('\n'), 6)}
`,
    },
    { where: 'The value of the variable HOOK_URL.', language: 'text', text: `${url}\n` },
  ],
}

const variables = (auth: Auth | undefined): string =>
  secretsOf(auth)
    .map(({ key, secret, variable }) => ` and ${variable} (what Secret/${secret} has under ${key})`)
    .join('')
