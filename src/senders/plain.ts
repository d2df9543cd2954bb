import type { Sender } from './sender.ts'

/** Anything that no other module recognises: a script, `curl`, a sender without a format of its own. Every post counts. */
export const plain: Sender = {
  name: 'plain',
  recognise: () => true,
  parse: () => ({ sender: 'plain', phase: 'none' }),
}
