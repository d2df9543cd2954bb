import { curlLines, readingSecret, secretsOf } from './curl.ts'
import { indented, shellWord } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A workflow of GitHub Actions: one delivery a run, however often the run is tried. */
export const githubActions: Snippet = {
  name: 'github-actions',
  title: 'GitHub Actions',
  group: 'pipelines',
  texts: ({ auth, name, namespace, url }) => [
    {
      where: 'A terminal, in the repository: the URL is a secret, and belongs where those are kept.',
      language: 'sh',
      text: `${[
        `printf %s ${shellWord(url)} | gh secret set HOOK_URL`,
        ...secretsOf(auth).map(
          ({ key, secret, variable }) => `${readingSecret(namespace, secret, key)} | gh secret set ${variable}`,
        ),
      ].join('\n')}\n`,
    },
    {
      where: `\`.github/workflows/${name}.yaml\`, or the step alone in a workflow that you have.`,
      language: 'yaml',
      text: `name: Run ${name}
on:
  workflow_dispatch: {}
jobs:
  ${name.replaceAll('.', '-').replace(/^(?=[0-9-])/, '_')}:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - name: Run the hook
        env:
          HOOK_URL: \${{ secrets.HOOK_URL }}
          DELIVERY: github-\${{ github.repository }}-\${{ github.run_id }}
${secretsOf(auth)
  .map(({ variable }) => `          ${variable}: \${{ secrets.${variable} }}\n`)
  .join('')}        run: |
${indented(curlLines(auth, '"$HOOK_URL"', '$DELIVERY').join('\n'), 10)}
`,
    },
  ],
}
