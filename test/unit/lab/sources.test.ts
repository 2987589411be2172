import { expect, test } from 'vitest'
import {
  buildList,
  nodeList,
  originsOf,
  parseDeb822,
  parseList,
  pickSources,
} from '../../../src/lab/nspawn/sources.ts'

const DEB822 = `# comment
Types: deb deb-src
# another
URIs: http://mirror.test/debian/
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.test/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://src.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.test/repo
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg
`

test("Debian's own suites are taken, moved to the wanted release", () => {
  const sources = pickSources(parseDeb822(DEB822), 'bookworm', 'trixie')
  expect(sources.map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
    'http://mirror.test/debian trixie',
    'http://mirror.test/debian trixie-updates',
    'https://mirror.test/debian-security trixie-security',
  ])
})

test('the one-line format with and without options', () => {
  const text = [
    'deb http://a.test/debian bookworm main # comment',
    'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://b.test/debian-security bookworm-security main',
    'deb [signed-by=/usr/share/keyrings/vendor.gpg] http://c.test/x bookworm main',
    '# deb http://d.test/debian bookworm main',
    'deb-src http://a.test/debian bookworm main',
    'deb http://e.test/x bookworm stable',
    'deb cdrom:[Debian]/ bookworm main',
  ].join('\n')
  expect(pickSources(parseList(text), 'bookworm', 'bookworm').map(({ uri }) => uri)).toEqual([
    'http://a.test/debian',
    'http://b.test/debian-security',
  ])
})

test('the old name of the security suite and the names of ages are understood', () => {
  const stanzas = parseList('deb http://a.test/s buster/updates main\ndeb http://a.test/d stable main')
  expect(pickSources(stanzas, 'buster', 'bookworm').map(({ suite }) => suite)).toEqual([
    'bookworm-security',
    'bookworm',
  ])
})

test('a list of mirrors in a file gives its first mirror', () => {
  const stanzas = parseDeb822(
    'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main',
  )
  const read = (file: string): string =>
    file === '/etc/apt/mirrors/debian.list' ? '# x\nhttps://first.test/debian\n' : ''
  expect(pickSources(stanzas, 'bookworm', 'bookworm', read)[0]?.uri).toBe('https://first.test/debian')
})

test('fields that go on in the next line, and keys written out', () => {
  const text =
    'Types: deb\nURIs: http://a.test/debian\nSuites:\n bookworm\n bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x'
  const sources = pickSources(parseDeb822(text), 'bookworm', 'bookworm')
  expect(sources.map(({ suite }) => suite)).toEqual(['bookworm', 'bookworm-updates'])
  expect(buildList(sources)).toContain('[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]')
})

test('nodes speak plain HTTP to the proxy, which keeps the scheme of the machine', () => {
  const sources = pickSources(parseDeb822(DEB822), 'bookworm', 'bookworm')
  expect(nodeList(sources)).toContain('http://mirror.test/debian-security bookworm-security main\n')
  expect(originsOf(sources)).toEqual(['http://mirror.test', 'https://mirror.test'])
})
