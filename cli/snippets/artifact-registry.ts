import type { SentAuth } from '../../src/api/auth.ts'
import { hookWord } from './names.ts'
import { googleProof } from './proof.ts'
import { shellWord } from './shell-word.ts'
import type { Snippet } from './snippet.ts'

/** A Pub/Sub subscription to the pushes of Google Artifact Registry. */
export const artifactRegistry: Snippet = {
  name: 'artifact-registry',
  title: 'Google Artifact Registry',
  group: 'images',
  proves: googleProof,
  pushes: true,
  texts: hook => [
    {
      where:
        'Run this command. The topic `gcr` reports pushes to every repository of the project. The hook reacts only to its `image`.',
      language: 'sh',
      text: `gcloud pubsub subscriptions create hook-${hookWord(hook)} --topic=gcr --ack-deadline=10 \\
  --min-retry-delay=10s --push-endpoint=${shellWord(hook.url)}${signingOptions(hook.auth)}
`,
    },
  ],
}

/** Returns the options with which Pub/Sub sends an ID token of the account in the claim `email`. */
const signingOptions = (auth: SentAuth | undefined): string => {
  if (auth?.form !== 'oidc') return ''
  const [account = 'ACCOUNT'] = auth.claims.find(({ name }) => name === 'email')?.oneOf ?? []
  return ` \\
  --push-auth-service-account=${shellWord(account)} --push-auth-token-audience=${shellWord(auth.audience)}`
}
