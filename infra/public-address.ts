import { BlockList, isIP } from 'node:net'

// IANA's special-purpose registries (RFC 6890): what is not reachable, or not one machine, on the public internet.
const special = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(net, bits, 'ipv4')
// Teredo and other protocol assignments, documentation, 6to4: the last carries an IPv4 address inside.
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(net, bits, 'ipv6')

// All of IPv6 that is given out as global unicast; loopback, mapped IPv4, NAT64, private and link-local lie outside.
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address is one of the public internet; undefined where the text is no IP address. */
export const isPublicAddress = (text: string): boolean | undefined => {
  const family = isIP(text)
  if (family === 0) return undefined
  if (family === 4) return !special.check(text, 'ipv4')
  return !text.includes('%') && global.check(text, 'ipv6') && !special.check(text, 'ipv6')
}
