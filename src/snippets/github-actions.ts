import { anyProof, readingSecret } from './proof.ts'
import { githubText, plainText, shellWord, yamlBlock, yamlText } from './quote.ts'
import { canWait, imageNote, keptSecret, postLines, scriptBody, secretsOf, waitLines, waitNote } from './script.ts'
import type { Snippet } from './snippet.ts'

/** A GitHub Actions workflow. Each run is one delivery, however often it is retried. */
export const githubActions: Snippet = {
  name: 'github-actions',
  title: 'GitHub Actions',
  group: 'pipelines',
  proves: anyProof,
  pushes: true,
  texts: hook => {
    const { auth, name, namespace, pushes } = hook
    const { post, value, variable } = keptSecret(hook)
    const given = { auth, ...post, key: '$KEY', body: scriptBody(hook) }
    const workflow = (
      lines: readonly string[],
      minutes: number,
      keyEnd: string,
    ): string => `name: ${yamlText(githubText(`Run ${name}`))}
on:
  workflow_dispatch: {}
jobs:
  run-hook:
    runs-on: ubuntu-latest
    timeout-minutes: ${minutes}
    steps:
      - name: Run the hook
        env:
          ${variable}: \${{ secrets.${variable} }}
          KEY: github-\${{ github.repository }}-\${{ github.run_id }}${keyEnd}
${pushes === undefined ? '' : '          TAG: ${{ github.sha }}\n'}${secretsOf(auth)
      .map(({ variable }) => `          ${variable}: \${{ secrets.${variable} }}\n`)
      .join('')}        run: ${yamlBlock(githubText(lines.join('\n')), 10)}
`
    return [
      {
        where: `A terminal, in the repository: the ${variable === 'HOOK_URL' ? 'URL' : 'token'} is a secret, and belongs where those are kept.`,
        language: 'sh',
        text: `${[
          `printf %s ${shellWord(value)} | gh secret set ${variable}`,
          ...secretsOf(auth).map(
            ({ key, secret, variable }) => `${readingSecret(namespace, secret, key)} | gh secret set ${variable}`,
          ),
        ].join('\n')}\n`,
      },
      {
        where: `\`.github/workflows/${plainText(name)}.yaml\`, or the step alone in a workflow that you have. A run is one delivery, also when it is tried again.${
          pushes === undefined ? '' : ` TAG is the tag that was pushed.${imageNote(hook)}`
        }`,
        language: 'yaml',
        text: workflow(postLines(given), 5, ''),
      },
      ...(canWait(hook)
        ? [
            {
              where: `Instead, a job that ${waitNote} A run that is started again is a new delivery.`,
              language: 'yaml',
              text: workflow(waitLines(given), 20, '-${{ github.run_attempt }}'),
            } as const,
          ]
        : []),
    ]
  },
}
