import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeClock } from '../src/environment/node.ts'

/**
 * How long the file with the link exists, in milliseconds. A browser that is being started needs
 * some seconds to read it.
 */
const fileLivesMs = 60_000

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/**
 * Opens a link in the user's browser through a file that only this user can read. All users of a
 * machine can read command lines, and the link contains a key.
 */
export const openInBrowser = (link: string, problem: (text: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'receiver-hooks-'))
  const file = join(folder, 'open.html')
  writeFileSync(
    file,
    `<!doctype html><meta http-equiv="refresh" content="0; url=${link}"><a href="${link}">Receiver hooks</a>\n`,
    {
      mode: 0o600,
    },
  )
  const [command, ...args] = openers[platform()] ?? ['xdg-open']
  const child = spawn(command, [...args, file], { stdio: 'ignore', detached: true })
  child.on('error', () => problem(`could not open a browser (${command}): open the link yourself`))
  child.unref()
  nodeClock.after(fileLivesMs, () => rmSync(folder, { recursive: true, force: true }))
}
