/**
 * A shell for which there is a completion script. The script asks the program for the possible
 * words. {@link completionScript} takes the program's name, such as `receiver-hooks`.
 */
export type ShellName = 'bash' | 'zsh' | 'fish' | 'kubectl'

export const shellNames: readonly ShellName[] = ['bash', 'zsh', 'fish', 'kubectl']

export const completionScript = (shell: ShellName, command: string): string => {
  const name = command.replaceAll(/[^A-Za-z0-9]/g, '_')
  switch (shell) {
    case 'bash':
      return bash(command, name)
    case 'zsh':
      return zsh(command, name)
    case 'fish':
      return fish(command, name)
    case 'kubectl':
      return `#!/bin/sh
exec kubectl-receiverhook __complete "$@"
`
  }
}

const bash = (command: string, name: string): string => `# bash: source <(${command} completion bash)
_${name}() {
  local answer directive word line
  word=\${COMP_WORDS[COMP_CWORD]}
  answer=$(${command} __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  directive=\${answer##*:}
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] || COMPREPLY+=("\${line%%$'\\t'*}")
  done <<<"$answer"
  if [[ $directive == 0 && \${#COMPREPLY[@]} == 0 ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _${name} ${command}
`

const zsh = (command: string, name: string): string => `#compdef ${command}
# zsh: source <(${command} completion zsh)
_${name}() {
  local -a offers
  local line answer
  answer=$(${command} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null) || return
  for line in "\${(@f)answer}"; do
    [[ $line == :* ]] || offers+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if [[ \${answer##*:} == 0 && \${#offers} == 0 ]]; then
    _files
  else
    _describe '' offers
  fi
}
compdef _${name} ${command}
`

const fish = (command: string, name: string): string => `# fish: ${command} completion fish | source
function __${name}_complete
  set -l answer (${command} __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  or return
  set -l offers (string match -v ':*' -- $answer)
  if test (count $offers) -eq 0; and contains -- :0 $answer
    __fish_complete_path (commandline -ct)
  else
    string join \\n -- $offers
  end
end
complete -c ${command} -f -a '(__${name}_complete)'
`
