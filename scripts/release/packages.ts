import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { version } from '../../src/version.ts'

const run = promisify(execFile)

/** The archive of kubectl's plugin, which Krew downloads from where a release is published. */
export const pluginArchive = `kubectl-receiverhook-${version}.tar.gz`

/** Returns the default place of the files of a version. */
export const downloadsOf = (of: string): string => `https://github.com/example/receiver-hooks/releases/download/v${of}`

/**
 * Puts the npm package's archive, the archive of kubectl's plugin and Krew's manifest into the folder of a release.
 * `made` is replaced on the way. `downloads` is the URL below which the release's files will be, and Krew's manifest names.
 */
export const addPackages = async (folder: string, made: string, downloads: string): Promise<void> => {
  await run(process.execPath, ['scripts/package.ts', made, `${downloads}/${pluginArchive}`])
  // npm packs the folder that `npm run package` has made, not the root: the root is private, and has dependencies.
  await run('npm', ['pack', '--silent', '--offline', resolve(made, 'npm'), '--pack-destination', folder])
  for (const name of [pluginArchive, 'receiverhook.yaml']) await copyFile(join(made, name), join(folder, name))
}
