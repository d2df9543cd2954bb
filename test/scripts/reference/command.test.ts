import { expect, it } from 'vitest'
import { commandPage } from '../../../scripts/reference/command.ts'
import type { CommandEntry } from '../../../src/commands/command.ts'

const keys: CommandEntry = {
  name: 'keys',
  group: 'This installation',
  summary: 'look after keys',
  load: () =>
    Promise.resolve({
      terms: [
        { term: 'list', means: 'the keys' },
        { term: 'drop', means: 'removes one' },
      ],
      details: 'They sign.\nThey verify.',
      options: [],
      run: () => Promise.resolve(0),
    }),
}

// Markdown joins lines that neither an empty one nor a dash parts.
it('a command has an item of a list for each of its words, and a paragraph for each line of its details', async () => {
  expect(await commandPage([keys])).toContain(`
Look after keys.

- \`list\`: the keys
- \`drop\`: removes one

They sign.

They verify.

\`keys\`
`)
})
