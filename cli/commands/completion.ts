import { UsageError, type Command } from '../../src/commands/command.ts'
import { completionScript, shellNames } from '../completion/scripts.ts'

/** Prints the completion script for a shell. */
export const completion: Command = {
  terms: [
    { term: 'bash', means: 'write `source <(receiver-hooks completion bash)` into ~/.bashrc' },
    { term: 'zsh', means: 'write `source <(receiver-hooks completion zsh)` into ~/.zshrc, below compinit' },
    { term: 'fish', means: 'write `receiver-hooks completion fish | source` into ~/.config/fish/config.fish' },
    {
      term: 'kubectl',
      means:
        'completes `kubectl receiverhook` in any shell that completes kubectl: write the script into an executable file kubectl_complete-receiverhook in a folder of PATH',
    },
  ],
  arguments: [{ name: 'SHELL', means: 'bash, zsh, fish or kubectl', choices: shellNames }],
  options: [],
  examples: [
    {
      line: 'completion kubectl > ~/.local/bin/kubectl_complete-receiverhook && chmod +x ~/.local/bin/kubectl_complete-receiverhook',
      means: 'kubectl receiverhook url <TAB>',
    },
  ],
  run: (given, { out }) => {
    const [word = ''] = given.arguments
    const shell = shellNames.find(known => known === word)
    if (shell === undefined) throw new UsageError(`completion knows ${shellNames.join(', ')}, not ${word}`)
    out.write(completionScript(shell, 'receiver-hooks'))
    return Promise.resolve(0)
  },
}
