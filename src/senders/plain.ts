import type { Sender } from './sender.ts'

/** Any other sender: a script, `curl`, a product without a module. Every post counts. */
export const plain: Sender = {
  name: 'plain',
  about: {
    title: 'Anything else',
    documentation: 'https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/',
    identity:
      "None, so every post counts. The header `Idempotency-Key` gives any sender's post a key: the same key again is the same delivery.",
    retries: 'Up to the client. A post with an `Idempotency-Key` is safe to send again.',
    failures: "The answer's status and `message`.",
  },
  recognise: () => true,
  parse: () => ({ sender: 'plain', phase: 'none' }),
}
