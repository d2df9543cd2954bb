import { isIPv6 } from 'node:net'

/**
 * Returns the source that a connection counts for in limits: an IPv4 address, or the first 64 bits
 * of an IPv6 address, since a client that has one address of a subnet has all of them (RFC 6177). An
 * IPv4 address that is written as an IPv6 one is the same source.
 */
export const sourceOf = (address: string | undefined): string => {
  if (address === undefined) return ''
  // Each post asks, most of them for an address of IPv4: isIPv6 takes longer than all else in here.
  if (!address.includes(':')) return address
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const first = head === '' ? [] : head.split(':')
  // A dotted end takes the place of two groups.
  const last = tail === undefined || tail === '' ? [] : tail.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
