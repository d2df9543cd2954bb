import type { Shell } from '../../src/commands/shell.ts'
import { nodeClock, nodeRandom } from '../../src/environment/system.ts'

/** Returns a shell that keeps what is written. */
export const shell = (
  with_: Partial<Omit<Shell, 'out' | 'err'>> & { readonly columns?: number; readonly isTerminal?: boolean } = {},
): { readonly shell: Shell; readonly out: () => string; readonly err: () => string } => {
  const { columns, isTerminal = false, ...given } = with_
  let [out, err] = ['', '']
  const output = (write: (text: string) => void): Shell['out'] => ({
    write,
    rewriteLine: text => write(`\r${text}`),
    clear: () => undefined,
    isTerminal,
    columns: () => columns,
  })
  return {
    out: () => out,
    err: () => err,
    shell: {
      program: 'receiver-hooks',
      env: {},
      out: output(text => void (out += text)),
      err: output(text => void (err += text)),
      input: {
        isTerminal,
        text: () => Promise.resolve(''),
        line: () => Promise.resolve(''),
        onLine: () => () => undefined,
      },
      clock: nodeClock,
      random: nodeRandom,
      stop: new AbortController().signal,
      atExit: () => undefined,
      exit: () => undefined,
      ...given,
    },
  }
}
