import { commands } from '../../src/registry.ts'
import { explain } from '../../cli/explain.ts'
import { runProgram } from '../../cli/program.ts'
import type { Output, Shell } from '../../src/commands/shell.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { nodeClock, nodeRandom } from '../../src/environment/system.ts'
import { version } from '../../src/version.ts'
import type { Ran } from './kubectl.ts'

/**
 * Runs a command of the plugin to its end in this process, which costs a hundredth of kubectl and a Node. That kubectl's plugin is
 * the same program is for other tests.
 */
export const commandLine = async (
  kubeconfig: string,
  args: readonly string[],
  stdin = '',
  clock: Clock = nodeClock,
  stop = new AbortController().signal,
): Promise<Ran> => {
  const output = { stdout: '', stderr: '' }
  const into = (name: keyof typeof output): Output => ({
    write: text => void (output[name] += text),
    rewriteLine: () => undefined,
    clear: () => undefined,
    isTerminal: false,
    columns: () => undefined,
  })
  const atExit: (() => void)[] = []
  const shell: Shell = {
    program: 'kubectl receiverhook',
    env: { KUBECONFIG: kubeconfig },
    out: into('stdout'),
    err: into('stderr'),
    input: {
      isTerminal: false,
      text: () => Promise.resolve(stdin),
      line: () => Promise.resolve(stdin.split('\n')[0] ?? ''),
      onLine: () => () => undefined,
    },
    clock,
    random: nodeRandom,
    stop,
    atExit: run => void atExit.push(run),
    exit: () => undefined,
  }
  const program = { entries: commands, version, summary: 'hooks' }
  const code = await runProgram(program, args, shell)
    .then(ended => {
      if (typeof ended !== 'number') throw new Error(`${args.join(' ')} goes on: start it as a program`)
      return ended
    })
    .catch((error: unknown) => {
      const { exitCode, message } = explain(error, shell)
      shell.err.write(`${message}\n`)
      return exitCode
    })
  for (const run of atExit) run()
  return { code, ...output }
}
