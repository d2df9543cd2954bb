import { UsageError, type Command } from '../command.ts'
import { completionScript, shellNames } from '../completion/scripts.ts'

/** A script for a shell. */
export const completion: Command = {
  details:
    'bash       source <(receiver-hooks completion bash)\nzsh        source <(receiver-hooks completion zsh)\nfish       receiver-hooks completion fish | source\nkubectl    completes `kubectl receiverhook`, in any shell that completes\n           kubectl: write it to a file of the name\n           kubectl_complete-receiverhook, executable, in a folder of PATH',
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
    if (shell === undefined) throw new UsageError(`completion knows ${shellNames.join(', ')}, and not ${word}`)
    out.write(completionScript(shell, 'receiver-hooks'))
    return Promise.resolve(0)
  },
}
