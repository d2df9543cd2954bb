import { isIPv6 } from 'node:net'

/**
 * Whose connection it is, for limits: an address of IPv4, or the first 64 bits of one of IPv6, since whoever has one address
 * of a subnet has all of them (RFC 6177). An address of IPv4 that is written as one of IPv6 is the same source.
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
