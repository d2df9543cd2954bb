import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { porcupinePart } from '../../../scripts/cluster/parts.ts'
import { provide } from '../../../scripts/cluster/provide.ts'
import { written, type History } from './history.ts'

/** What another checker than {@link check} says of a history. */
export interface Verdict {
  readonly isLinearizable: boolean
  /** What it printed: the targets that are not, and one line about all. */
  readonly said: string
}

/** Asks Porcupine whether a history is linearizable. Rejects if Porcupine does not decide. */
export const askPorcupine = async (history: History): Promise<Verdict> => {
  const program = await provide(porcupinePart, 'porcupine', process.env, () => undefined)
  const folder = await mkdtemp(join(tmpdir(), 'porcupine-'))
  try {
    const file = join(folder, 'history.jsonl')
    await writeFile(file, written(history))
    const child = spawn(program, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [said, complaint, status] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>(resolve => child.once('close', resolve)),
    ])
    if (status !== 0 && status !== 1) throw new Error(`porcupine ended with ${status}: ${said}${complaint}`)
    return { isLinearizable: status === 0, said }
  } finally {
    await rm(folder, { recursive: true })
  }
}
