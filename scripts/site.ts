/** Builds the pages of docs/ into site/dist. The site has dependencies of its own, and gets them first. */
import { spawnSync } from 'node:child_process'

for (const command of ['ci --no-audit --no-fund', 'run build']) {
  const { status } = spawnSync('npm', command.split(' '), {
    cwd: 'site',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`npm ${command} ended with ${String(status)}`)
}
