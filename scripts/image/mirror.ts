import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Returns the URL of one of Debian's archives, `debian` or `debian-security`, at the mirror that this machine's apt uses. */
export const mirrorOf = async (archive: string): Promise<string> => {
  const found = (await mirrors()).find(uri => uri.endsWith(`/${archive}/`))
  if (found !== undefined) return found
  throw new Error(
    `no source of this machine's apt is a mirror of ${archive}: run this on Debian, or in a container of it`,
  )
}

const mirrors = async (): Promise<readonly string[]> => {
  try {
    const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)'])
    return stdout.split('\n')
  } catch (error) {
    throw new Error('building an image takes apt and dpkg: run this on Debian, or in a container of it', {
      cause: error,
    })
  }
}
