import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { nodeAddress } from './address.ts'

const run = promisify(execFile)

/** Makes the network and the mounts of a node in this process's own namespaces. Rejects where those are the machine's. */
export const prepareNamespaces = async (): Promise<void> => {
  const { stdout } = await run('ip', ['-o', 'link'])
  if (stdout.trim().split('\n').length > 1)
    throw new Error('this is to run in namespaces of its own: npm run test:long -- node')
  // Volumes that kubelet mounts must be seen in containers.
  await run('mount', ['--make-rshared', '/'])
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'])
  for (const folder of ['/run/lock', '/run/netns']) await mkdir(folder, { recursive: true })
  const ip = (line: string) => run('ip', line.split(' '))
  await ip('link set lo up')
  await ip('link add node0 type bridge')
  await ip(`addr add ${nodeAddress}/24 dev node0`)
  await ip('link set node0 up')
  await ip('route add default dev node0')
  await run('sysctl', ['-qw', 'net.ipv4.ip_forward=1'])
}
