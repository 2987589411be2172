import { expect, test } from 'vitest'
import { isSecretName, isSecretPlace, showLine } from '../../../src/lib/secret-names.ts'

test.each(['password', 'ansible_become_pass', 'api_token', 'vault_db', 'dbPassword', 'root_key', 'pw'])(
  '%s may name a secret',
  (name) => expect(isSecretName(name)).toBe(true),
)

test.each(['password_encryption', 'ansible_ssh_private_key_file', 'passfile', 'user', 'port', 'keys', 3])(
  '%s names none',
  (name) => expect(isSecretName(name)).toBe(false),
)

const shown = (text: string, line = text.split('\n').length - 1) => showLine(text.split('\n'), line)

test.each([
  ['password: hunter2', 'password: ••••'],
  ['password: !unsafe "s3cr{{et"', 'password: ••••'],
  ['- { name: a3, password: "it\'s \\"quoted\\" geheim" }', '- { name: a3, password: ••••'],
  ["x: { password: 'it''s geheim', y: 1 }", 'x: { password: ••••'],
  ['x: { password: hunter2, port: 1, z: 2 }', 'x: { password: ••••, port: 1, z: 2 }'],
  ['x: { a: 1, password: hunter2, token: abcd, z: 2 }', 'x: { a: 1, password: ••••, token: ••••'],
  ['password: a, geheim', 'password: ••••'],
  ['"password": geheim', '"password": ••••'],
  ['ansible_ssh_pass=geheim x=1', 'ansible_ssh_pass=••••'],
  ['db_password: "{{ geheim"', 'db_password: ••••'],
  ['password: "{{ secrets.app }}"', 'password: "{{ secrets.app }}"'],
  ['{ password: "{{ secrets.app }}", port: 1 }', '{ password: "{{ secrets.app }}", port: 1 }'],
  ['password_encryption: scram', 'password_encryption: scram'],
  ['password:', 'password:'],
])('of %s is shown %s', (line, expected) => expect(shown(line)).toBe(expected))

test.each([
  'password: |\n  geheim',
  'password: >-\n\n    geheim',
  'password:\n  geheim',
  'passwords:\n  - geheim',
  'secrets:\n  app:\n    deep: geheim',
  'a: { password: "one\ngeheim" }',
  "password: 'one\n\n  geheim'",
])('a value that goes on is masked as well: %j', (text) => {
  expect(shown(text.replace('" }', ''))).not.toContain('geheim')
})

test('what follows a secret is shown again', () => {
  expect(shown('password: "closed"\nport: 5432')).toBe('port: 5432')
  expect(shown('password: |\n  geheim\nport: 5432')).toBe('port: 5432')
  expect(shown('  password: x\n  port: 5432')).toBe('  port: 5432')
})

test('a place in a text is known to be secret', () => {
  const lines = ['password: *geheim', 'port: *other']
  expect(isSecretPlace(lines, 0, 10)).toBe(true)
  expect(isSecretPlace(lines, 1, 6)).toBe(false)
})

test('a line of 150 kB costs no time worth a word', () => {
  const begun = performance.now()
  for (const piece of ['a-', 'a ', '"', '{ a', ': ']) shown(piece.repeat(150_000 / piece.length))
  const long = performance.now() - begun
  const unit = performance.now()
  for (let i = 0; i < 5; i++)
    'x'
      .repeat(150_000)
      .split('')
      .map((c) => c.charCodeAt(0))
  expect(long / (performance.now() - unit)).toBeLessThan(200)
})
