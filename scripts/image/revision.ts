import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The commit that something is made of, and its time. */
export interface Revision {
  readonly commit: string
  readonly time: Date
}

/** Returns the commit of this work tree. SOURCE_DATE_EPOCH, where it is set, is taken for its time. Throws outside of a work tree. */
export const revision = async (env: Readonly<Record<string, string | undefined>>): Promise<Revision> => {
  const { stdout } = await run('git', ['log', '-1', '--format=%H %ct'])
  const [commit = '', seconds] = stdout.trim().split(' ')
  return { commit, time: new Date(Number(env['SOURCE_DATE_EPOCH'] ?? seconds) * 1000) }
}
