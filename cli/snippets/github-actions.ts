import type { SentAuth } from '../../src/api/auth.ts'
import { hookWord } from './names.ts'
import { githubProof, readingSecret } from './proof.ts'
import { githubText, yamlBlock, yamlText } from './quote.ts'
import { shellWord } from './shell-word.ts'
import {
  canWait,
  deployedLines,
  imageNote,
  keptSecret,
  keptSecretsOf,
  postLines,
  scriptBody,
  waitLines,
  waitNote,
} from './script.ts'
import type { Snippet } from './snippet.ts'

/** A GitHub Actions workflow. Each run is one delivery, however often it is retried. */
export const githubActions: Snippet = {
  name: 'github-actions',
  title: 'GitHub Actions',
  group: 'pipelines',
  proves: githubProof,
  pushes: true,
  texts: hook => {
    const { auth, name, namespace, pushes } = hook
    const { kept, post } = keptSecret(hook, true)
    const asked = keptSecretsOf(hook)
    const variables = [
      ...(kept ? [[kept.variable, kept.variable]] : []),
      ...asked.map(each => [each.variable, each.kept]),
    ]
    const given = { auth, ...post, key: '$KEY', body: scriptBody(hook), idToken: idTokenLine(auth) }
    const workflow = (
      lines: readonly string[],
      minutes: number,
      keyEnd: string,
    ): string => `name: ${yamlText(githubText(`Run ${namespace}/${name}`))}
on:
  ${pushes?.versions ? "push: { tags: ['*'] }" : 'workflow_dispatch: {}'}
jobs:
  run-hook:
    runs-on: ubuntu-latest
    timeout-minutes: ${minutes}
${auth?.form === 'oidc' ? '    permissions:\n      id-token: write # For the token that the hook asks for.\n' : ''}    steps:
      - name: Run the hook
        env:
          KEY: github-\${{ github.repository }}-\${{ github.run_id }}${keyEnd}
${pushes === undefined ? '' : `          TAG: \${{ ${pushes.versions ? 'github.ref_name' : 'github.sha'} }}\n`}${variables
      .map(([variable, secret]) => `          ${variable}: \${{ secrets.${secret} }}\n`)
      .join('')}        run: ${yamlBlock(githubText(lines.join('\n')), 10)}
`
    return [
      ...(variables.length === 0
        ? []
        : [
            {
              where: `In a terminal, in the repository: store ${kept ? `the ${kept.is}` : 'what the hook asks for'} as a GitHub Actions secret.`,
              language: 'sh',
              text: `${[
                ...(kept ? [`printf %s ${shellWord(kept.value)} | gh secret set ${kept.variable}`] : []),
                ...asked.map(each => `${readingSecret(namespace, each.secret, each.key)} | gh secret set ${each.kept}`),
              ].join('\n')}\n`,
            } as const,
          ]),
      {
        where: `\`.github/workflows/${hookWord(hook)}.yaml\`, or just the step, in a workflow you already have. A run is one delivery, even if it is retried.${
          pushes === undefined ? '' : ` TAG is the tag that was pushed.${imageNote(hook)}`
        }`,
        language: 'yaml',
        text: workflow(pushes === undefined ? postLines(given) : deployedLines(given), 5, ''),
      },
      ...(canWait(hook)
        ? [
            {
              where: `Instead, a job that ${waitNote} A re-run is a new delivery.`,
              language: 'yaml',
              text: workflow(waitLines(given), 20, '-${{ github.run_attempt }}'),
            } as const,
          ]
        : []),
    ]
  },
}

/** Returns the line of a step that gets an ID token from GitHub, for the audience of the hook. */
const idTokenLine = (auth: SentAuth | undefined): string | undefined =>
  auth?.form === 'oidc'
    ? `ID_TOKEN=$(curl --silent --show-error --fail --retry 3 --get --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" --data-urlencode ${shellWord(`audience=${auth.audience}`)} "$ACTIONS_ID_TOKEN_REQUEST_URL" | jq -r .value)`
    : undefined
