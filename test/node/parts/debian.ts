import { execFile, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Debian's packages that the tests of a node take, each with a program that is there once it is installed. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iptables: 'iptables',
  iproute2: 'ip',
  conntrack: 'conntrack',
  skopeo: 'skopeo',
  'nginx-light': 'nginx',
  // Shells in which people complete commands.
  zsh: 'zsh',
  fish: 'fish',
}

/** How often it is tried: the mirror may be slow, and another process may hold apt's lock. */
const attempts = 6

/** Installs what is missing. Rejects with what apt says. */
export const installPackages = async (): Promise<void> => {
  const missing = Object.entries(packages).flatMap(([name, program]) => (isThere(program) ? [] : [name]))
  if (missing.length === 0) return
  console.log(`installing ${missing.join(', ')}`)
  for (let attempt = 1; ; attempt += 1) {
    try {
      await apt(['update'])
      await apt(['install', '--yes', '--no-install-recommends', ...missing])
      return
    } catch (error) {
      if (attempt === attempts) throw error
      await sleep(attempt * 2000)
    }
  }
}

const isThere = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0

const apt = async (args: readonly string[]): Promise<void> => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await promisify(execFile)('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, maxBuffer: 1 << 26 })
}
