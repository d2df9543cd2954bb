import { BlockList, isIPv4, isIPv6 } from 'node:net'

type Network = readonly [address: string, prefix: number]

const blockList = (family: 'ipv4' | 'ipv6', networks: readonly Network[]): BlockList => {
  const list = new BlockList()
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, family)
  return list
}

/**
 * The addresses of this host, of this link and of groups. The lists are two, because Node finds an
 * address of IPv4 in its form of IPv6, too.
 */
const ownIPv4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
])
/** The networks `::/96`, `::ffff:0:0/96` and `64:ff9b::/96` are forms of addresses of IPv4. */
const ownIPv6 = blockList('ipv6', [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['fe80::', 10],
  ['ff00::', 8],
])

/**
 * Returns the host in a URL for the IP address of another machine. Undefined if the text is no such
 * address: a name, an address of this host, of this link or of a group, or IPv4 written as IPv6.
 */
export const hostOfAddress = (ip: string): string | undefined => {
  if (isIPv4(ip)) return ownIPv4.check(ip, 'ipv4') ? undefined : ip
  // A zone such as `%eth0` names an interface of this host.
  if (!isIPv6(ip) || ip.includes('%') || ownIPv6.check(ip, 'ipv6')) return undefined
  return `[${ip}]`
}
