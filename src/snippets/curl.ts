import type { Auth } from '../api/auth.ts'
import { shellWord } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** Retries are safe where the delivery has a name; 503 and lost answers are the ones that are worth it. */
const patient = 'curl --silent --show-error --fail-with-body --max-time 10 --retry 5 --retry-all-errors'

/**
 * The lines of a script that posts. `url` is a word of the shell; `delivery` stands between double quotes there. What the
 * hook asks for beside its URL is in the variables of {@link secretsOf}.
 */
export const curlLines = (auth: Auth | undefined, url: string, delivery: string): readonly string[] => [
  ...(auth?.form === 'hmac' ? signing : []),
  ...(auth?.form === 'sns' ? foreign : []),
  `${patient} \\`,
  `  --request POST --header "Idempotency-Key: \\"${delivery}\\"" \\`,
  ...proof(auth).map(line => `  ${line} \\`),
  `  ${url}`,
]

const signing = [
  "BODY='{}'",
  `SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`,
]

const foreign = ['# This hook takes messages of Amazon SNS alone (auth.sns): use auth.bearer, auth.basic or auth.hmac.']

const proof = (auth: Auth | undefined): readonly string[] => {
  switch (auth?.form) {
    case 'sns':
    case undefined:
      return []
    case 'bearer':
      return ['--header "Authorization: Bearer $TOKEN"']
    case 'basic':
      return ['--user "$USERNAME:$PASSWORD"']
    case 'hmac':
      return [`--data-binary "$BODY" --header "${auth.header}: ${quotedInside(auth.prefix)}$SIGNATURE"`]
  }
}

/** A text between double quotes of a shell. */
const quotedInside = (text: string): string => text.replaceAll(/["\\$`]/g, String.raw`\$&`)

/** The variables that {@link curlLines} needs, each with the Secret and the key of its value. */
export const secretsOf = (auth: Auth | undefined): readonly { variable: string; secret: string; key: string }[] => {
  switch (auth?.form) {
    case 'sns':
    case undefined:
      return []
    case 'bearer':
      return [{ variable: 'TOKEN', secret: auth.secret, key: auth.key }]
    case 'basic':
      return [
        { variable: 'USERNAME', secret: auth.secret, key: 'username' },
        { variable: 'PASSWORD', secret: auth.secret, key: 'password' },
      ]
    case 'hmac':
      return [{ variable: 'SECRET', secret: auth.secret, key: auth.key }]
  }
}

/** A command that prints what a Secret of the hook's namespace has under a key. */
export const readingSecret = (namespace: string, secret: string, key: string): string =>
  `kubectl -n ${namespace} get secret ${shellWord(secret)} -o go-template='{{index .data "${key}" | base64decode}}'`

/** A command for a terminal or a script. */
export const curl: Snippet = {
  name: 'curl',
  title: 'curl',
  group: 'scripts',
  texts: ({ auth, namespace, url }) => [
    {
      where:
        'A terminal or a script. Idempotency-Key names the delivery: a retry under the same name does nothing more.',
      language: 'sh',
      text: `${[
        ...secretsOf(auth).map(
          ({ key, secret, variable }) => `${variable}=$(${readingSecret(namespace, secret, key)})`,
        ),
        ...curlLines(auth, shellWord(url), '$(date +%s)'),
      ].join('\n')}\n`,
    },
  ],
}
