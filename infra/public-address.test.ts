import { expect, it } from 'vitest'
import { isPublicAddress } from './public-address.ts'

it('knows addresses that are not of the public internet, however they are written', () => {
  for (const address of [
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::',
  ])
    expect(isPublicAddress(address), address).toBe(false)
})

it('lets public addresses pass, and says of a name that it is none', () => {
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001:800::200e'])
    expect(isPublicAddress(address), address).toBe(true)
  expect(isPublicAddress('example.org')).toBeUndefined()
})
