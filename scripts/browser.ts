/**
 * Finds Chromium for the browser tests: the one that CHROMIUM names, or Debian's. By itself it installs Debian's where there is
 * none, and tries again while another program has the package lists.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Returns the path of a Chromium that can be started; undefined where there is none. */
export const findBrowser = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  env['CHROMIUM'] ?? places.find(path => existsSync(path))

const attempts = 20
const pauseMs = 15_000

const install = async (): Promise<void> => {
  const run = (...args: readonly string[]): void =>
    void execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  for (let attempt = 1; ; attempt++) {
    try {
      run('update', '-qq')
      run('install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core')
      return
    } catch (error) {
      if (attempt === attempts) throw error
      console.log(`apt-get failed; trying again in ${pauseMs / 1000} s`)
      await sleep(pauseMs)
    }
  }
}

if (import.meta.main) {
  if (findBrowser(process.env) === undefined) await install()
  const found = findBrowser(process.env)
  if (found === undefined) throw new Error('there is no Chromium: install one and name it in CHROMIUM')
  console.log(execFileSync(found, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim())
}
