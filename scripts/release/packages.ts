import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { version } from '../../src/version.ts'

const run = promisify(execFile)

/** The archive of kubectl's plugin, which Krew downloads from where a release is published. */
export const pluginArchive = `kubectl-receiverhook-${version}.tar.gz`

/** Returns where a repository keeps the files of a version. */
export const downloadsOf = (repository: string, of: string): string => `${repository}/releases/download/v${of}`

/**
 * Puts the archives of the npm packages, the archive of kubectl's plugin and Krew's manifest into the folder of a release. `made`
 * is replaced on the way. `downloads` is the URL below which the release's files will be, and Krew's manifest names.
 */
export const addPackages = async (
  folder: string,
  made: string,
  repository: string,
  downloads: string,
): Promise<void> => {
  await run(process.execPath, ['scripts/package.ts', made, `${downloads}/${pluginArchive}`, repository])
  // npm packs the folders that `npm run package` has made, not the root: the root is private, and has dependencies.
  for (const name of ['npm', 'types']) {
    await run('npm', ['pack', '--silent', '--offline', resolve(made, name), '--pack-destination', folder])
  }
  for (const name of [pluginArchive, 'receiverhook.yaml']) await copyFile(join(made, name), join(folder, name))
}
