import { ownIssuer } from './proof.ts'
import { plainText, wordName, yamlBlock, yamlText } from './quote.ts'
import {
  canWait,
  imageNote,
  isSigned,
  keptSecret,
  keptSecretsOf,
  postLines,
  scriptBody,
  waitLines,
  waitNote,
} from './script.ts'
import type { Snippet } from './snippet.ts'

/** A GitLab CI job. Each pipeline is one delivery, however often the job is retried. */
export const gitlabCi: Snippet = {
  name: 'gitlab-ci',
  title: 'GitLab CI',
  group: 'pipelines',
  proves: ownIssuer,
  pushes: true,
  texts: hook => {
    const { auth, name, namespace, pushes } = hook
    const { kept, post } = keptSecret(hook, true)
    const asked = keptSecretsOf(hook)
    const variables = [
      ...(kept ? [kept.variable] : []),
      ...asked.map(each => `${each.kept} (what Secret/${plainText(each.secret)} has under ${plainText(each.key)})`),
    ]
    const set = asked.map(each => `${each.variable}=$${each.kept}`)
    // GitLab expands $NAME and %NAME% in `aud`, and has no escape there.
    const audience =
      auth?.form === 'oidc'
        ? `    ID_TOKEN_AUDIENCE:\n      value: ${yamlText(auth.audience)}\n      expand: false\n`
        : ''
    const values = `${pushes ? '    TAG: $CI_COMMIT_SHORT_SHA\n' : ''}${audience}`
    const given = { auth, ...post, body: scriptBody(hook) }
    const job = (lines: readonly string[], retry: string): string => `${yamlText(`run ${namespace}/${name}`)}:
  stage: deploy
  image: ${isSigned(auth) ? 'alpine:3.22' : 'curlimages/curl:8.17.0'}
${retry}${values && `  variables:\n${values}`}${
      isSigned(auth) ? '  before_script:\n    - apk add --no-cache curl openssl\n' : ''
    }${audience && '  id_tokens:\n    ID_TOKEN:\n      aud: $ID_TOKEN_AUDIENCE\n'}  script:
    - ${yamlBlock([...set, ...lines].join('\n'), 6)}
`
    // The key contains the hook's name, so two hooks in one pipeline are two deliveries.
    const key = (id: string): string => `gitlab-$CI_PROJECT_ID-${id}-${wordName(name)}`
    return [
      {
        where: `\`.gitlab-ci.yml\`.${variables.length === 0 ? '' : ` In the project, Settings, CI/CD, Variables, add ${variables.join(' and ')}, masked and hidden.`}${
          pushes === undefined ? '' : ` TAG is the tag that was pushed.${imageNote(hook)}`
        }`,
        language: 'yaml',
        text: job(postLines({ ...given, key: key('$CI_PIPELINE_ID') }), '  retry: 2\n'),
      },
      ...(kept
        ? [{ where: `The value of the variable ${kept.variable}.`, language: 'text', text: `${kept.value}\n` } as const]
        : []),
      ...(canWait(hook)
        ? [
            {
              where: `Instead, a job that ${waitNote} A job that is started again is a new delivery.`,
              language: 'yaml',
              text: job(waitLines({ ...given, key: key('$CI_JOB_ID') }), ''),
            } as const,
          ]
        : []),
    ]
  },
}
