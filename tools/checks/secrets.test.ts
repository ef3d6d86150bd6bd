import { expect, test } from 'vitest'
import { secrets } from './secrets.ts'
import { finder } from './testing-rows.ts'

const verdict = (answer: string): string => finder(secrets)({ answer }).verdict

test('keys of known issuers are refused', () => {
  for (const text of [
    'sk-proj-9fKx2LmQ8vTz4RbNc7Wy1HdE',
    `ghp_${'a1B2c3D4e5F6'.repeat(3)}`,
    'AKIAIOSFODNN7EXAMPLE',
    '-----BEGIN RSA PRIVATE KEY-----',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJiZWUifQ.c2lnbmF0dXJl',
    `0x${'3f'.repeat(32)}`,
    'https://admin:hunter22@hive.example/feed',
  ])
    expect([text, verdict(`Use ${text} for the scale.`)]).toEqual([text, 'refuse'])
})

test('a stated password and a named key are refused', () => {
  expect(verdict('The password is Honig!2024 for everybody.')).toBe('refuse')
  expect(verdict('aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY')).toBe('refuse')
  expect(
    verdict('seed phrase: apple bread cloud dance early field green house inner joint knife lemon'),
  ).toBe('refuse')
})

test('a long random string is refused', () => {
  expect(verdict('q7Zr1Kx9vB3mT8wLp2Yc6NdF4hJs0GaE5uRi')).toBe('refuse')
})

test('talk about passwords, long words, web addresses, sequences and gene names pass', () => {
  for (const text of [
    'A good password is long and is never shared with others.',
    'The key is patience: the secret is clean frames.',
    'Pneumonoultramicroscopicsilicovolcanoconiosis and 2,3,7,8-tetrachlorodibenzo-p-dioxin',
    'See http://www.nidcr.nih.gov/Research/ResearchResults/InterviewsOHR/TIS032007.htm',
    'ACGTACGTTTGACCAGTACGATTACAGGATACCAGT',
    'mutations in SLC20A2, PDGFRB, RNU4ATAC and SMARCAL1',
  ])
    expect([text, verdict(text)]).toEqual([text, 'pass'])
})

test('the message names the kind and never the secret', () => {
  const finding = finder(secrets)({ answer: 'The password is Honig!2024 here.' })
  expect(JSON.stringify(finding)).not.toContain('Honig')
})
