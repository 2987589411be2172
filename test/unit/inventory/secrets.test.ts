import { createPrivateKey } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Encrypter, armor } from 'age-encryption'
import { afterAll, expect, test } from 'vitest'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { renderDiagnostics } from '../../../src/diag/render.ts'
import { loadInventory } from '../../../src/inventory/load.ts'
import { encryptText, keyFileText, makeIdentity, openSecretFile } from '../../../src/inventory/secret-file.ts'
import type { SecretOptions } from '../../../src/inventory/secret-key.ts'
import { usesIn } from '../../../src/inventory/secret-uses.ts'
import {
  addSecrets,
  generatePassword,
  generateSecretsText,
  rotateSecrets,
  secretNames,
} from '../../../src/inventory/secret-values.ts'
import { loadSecrets, readSecrets } from '../../../src/inventory/secrets.ts'
import { Secret, reveal } from '../../../src/lib/secret.ts'

const root = mkdtempSync(join(tmpdir(), 'hactl-secrets-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0

const own = await makeIdentity()
const other = await makeIdentity()
const NO_ENV = { env: {} }

async function folder(text: string, recipients: readonly string[] = [own.recipient]): Promise<string> {
  const dir = join(root, String(count++))
  mkdirSync(join(dir, '.hactl'), { recursive: true })
  writeFileSync(join(dir, 'secrets.age.yml'), await encryptText(new Secret(text), recipients))
  return dir
}

function withKey(dir: string, mode = 0o600, key = own): string {
  const file = join(dir, '.hactl/age.key')
  writeFileSync(file, keyFileText(key.identity, key.recipient))
  chmodSync(file, mode)
  return dir
}

const problems = async (dir: string, options: SecretOptions = NO_ENV): Promise<readonly string[]> =>
  (await loadSecrets(dir, options)).diagnostics.map((each) => each.code)

test('values become secrets as they are written, and are masked in every output', async () => {
  const dir = withKey(await folder('app: "0755"\nplain: yes\nnested: { a: s3cr3t }\nlist: [one]\n'))
  const { values, secrets, diagnostics } = await loadSecrets(dir, NO_ENV)
  expect(diagnostics.filter(({ code }) => code !== 'secrets/short')).toEqual([])
  expect(secrets.map(reveal)).toEqual(['0755', 'yes', 's3cr3t', 'one'])
  expect(`${JSON.stringify(values)} ${inspect(values, { depth: 9 })}`).not.toContain('s3cr3t')
})

test('the key comes from --secrets-key, HACTL_AGE_KEY, HACTL_AGE_KEY_FILE or .hactl/age.key, in this order', async () => {
  const dir = await folder('a: long-enough\n')
  const file = join(withKey(await folder('x: long-enough\n')), '.hactl/age.key')
  const wrong = { HACTL_AGE_KEY: other.identity.reveal() }
  expect(await problems(dir, { keyFile: file, env: wrong })).toEqual([])
  expect(
    await problems(dir, { env: { HACTL_AGE_KEY: own.identity.reveal(), HACTL_AGE_KEY_FILE: '/nothing' } }),
  ).toEqual([])
  expect(await problems(dir, { env: { HACTL_AGE_KEY_FILE: file } })).toEqual([])
  expect(await problems(withKey(dir), { env: wrong })).toEqual(['secrets/wrong-key'])
  expect(await problems(dir)).toEqual([])
})

test('a missing key names the ways to give one', async () => {
  const { diagnostics } = await loadSecrets(await folder('a: long-enough\n'), NO_ENV)
  expect(diagnostics).toMatchObject([{ code: 'secrets/no-key', severity: 'error' }])
  expect(diagnostics[0]?.hint).toMatch(/age\.key.*--secrets-key.*HACTL_AGE_KEY_FILE/)
})

test('without a key an inventory can still be checked', async () => {
  const dir = await folder('a: long-enough\n')
  writeFileSync(
    join(dir, 'inventory.yml'),
    'all:\n  vars: { x: "{{ secrets.a }}", y: "{{ secrets.whatever }}" }\n  hosts: { h: }\n',
  )
  const { diagnostics } = await loadInventory(dir, { secrets: { ...NO_ENV, optional: true } })
  expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(['warning secrets/no-key'])
  withKey(dir)
  const opened = await loadInventory(dir, { secrets: NO_ENV })
  expect(opened.diagnostics.map((each) => each.summary)).toEqual(['"secrets" has no "whatever"'])
})

test.each([0o644, 0o640, 0o604])('a key file with mode %o is refused', async (mode) => {
  expect(await problems(withKey(await folder('a: long-enough\n'), mode))).toEqual(['secrets/key-mode'])
})

test('a key file without a key, a damaged key and a missing file are told apart', async () => {
  const dir = await folder('a: long-enough\n')
  const file = join(dir, 'x.key')
  writeFileSync(file, 'nothing here\n', { mode: 0o600 })
  expect(await problems(dir, { keyFile: file, ...NO_ENV })).toEqual(['secrets/no-key'])
  expect(await problems(dir, { keyFile: '/nowhere', ...NO_ENV })).toEqual(['secrets/no-key'])
  expect(await problems(dir, { env: { HACTL_AGE_KEY: 'AGE-SECRET-KEY-1QQQQ' } })).toEqual(['secrets/no-key'])
})

test('a damaged file is told from a wrong key', async () => {
  const dir = withKey(await folder('a: long-enough\n'))
  const file = join(dir, 'secrets.age.yml')
  const binary = Buffer.from(armor.decode(readFileSync(file, 'utf8')))
  binary[binary.length - 3] = (binary[binary.length - 3] ?? 0) ^ 1
  writeFileSync(file, armor.encode(binary))
  expect(await problems(dir)).toEqual(['secrets/damaged'])
})

test('what is wrong inside names line and key, and never a value', async () => {
  const dir = withKey(await folder('app: hunter2hunter2\napp: hunter2again\n'))
  const { diagnostics } = await loadSecrets(dir, NO_ENV)
  const shown = renderDiagnostics(diagnostics)
  expect(shown).toContain('line 2 of the decrypted')
  expect(shown).not.toContain('hunter2')
  expect(readSecrets(new Secret('- hunter2\n'), 'f').diagnostics).toMatchObject([
    { code: 'secrets/not-a-map' },
  ])
  expect(renderDiagnostics(readSecrets(new Secret('just hunter2'), 'f').diagnostics)).not.toContain('hunter2')
})

test('a passphrase is asked for, and refused where nobody can be asked', async () => {
  const encrypter = new Encrypter()
  encrypter.setPassphrase('open sesame')
  encrypter.setScryptWorkFactor(10)
  const dir = await folder('x: long-enough\n')
  writeFileSync(join(dir, 'secrets.age.yml'), armor.encode(await encrypter.encrypt('a: b\n')))
  expect(await problems(dir)).toEqual(['secrets/no-key'])
  const asking = (answer: string): SecretOptions => ({
    ...NO_ENV,
    ask: () => Promise.resolve(new Secret(answer)),
  })
  expect(await problems(dir, asking('wrong'))).toEqual(['secrets/wrong-key'])
  expect((await loadSecrets(dir, asking('open sesame'))).secrets.map(reveal)).toEqual(['b'])
})

test('saving keeps every reader, or refuses', async () => {
  const dir = withKey(await folder('a: b\n', [own.recipient, other.recipient]))
  const opened = await openSecretFile(dir, NO_ENV)
  await expect(opened.save(new Secret('a: c\n'))).rejects.toBeInstanceOf(HactlError)
  expect((await loadSecrets(dir, NO_ENV)).secrets.map(reveal)).toEqual(['b'])
  writeFileSync(join(dir, 'secrets.recipients'), `# the other operator\n${other.recipient}\n`)
  await opened.save(new Secret('a: c\n'))
  expect(
    (await loadSecrets(dir, { env: { HACTL_AGE_KEY: other.identity.reveal() } })).secrets.map(reveal),
  ).toEqual(['c'])
  expect(statSync(join(dir, 'secrets.age.yml')).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(existsSync(join(dir, 'secrets.age.yml'))).toBe(true)
})

test('missing secrets are added, nested ones too, and what is there stays', () => {
  const before = '# head\nmine: "typed" # by hand\ntls:\n  key: x\n'
  const { text, names } = addSecrets(new Secret(before), ['app', 'mine', 'tls', 'tls.ca', 'pcs.cluster'])
  expect(names).toEqual(['app', 'tls.ca', 'pcs.cluster'])
  expect(text.reveal()).toMatch(
    /^# head\nmine: "typed" # by hand\ntls:\n {2}key: x\n {2}ca: \w{32} # generated\napp: \w{32} # generated\npcs:\n {2}cluster: \w{32} # generated\n$/,
  )
  expect(rotateSecrets(text, []).names.toSorted()).toEqual(names.toSorted())
  expect(addSecrets(text, names).names).toEqual([])
  const empty = addSecrets(new Secret('# only a comment\n'), ['app'])
  expect(empty.text.reveal()).toMatch(/^# only a comment\n+app: \w{32} # generated\n$/)
  expect(() => addSecrets(new Secret('app: x\n'), ['app.inner'])).toThrow('lies inside a single value')
})

test('generated values are long, differ, and only they are rotated', () => {
  expect(generatePassword().reveal()).toMatch(/^[A-Za-z0-9]{32}$/)
  const text = new Secret(`${generateSecretsText(['app', 'pcs.cluster']).reveal()}mine: "typed" # by hand\n`)
  expect(secretNames(text)).toEqual(['app', 'pcs.cluster', 'mine'])
  const all = rotateSecrets(text, [])
  expect(all.names).toEqual(['app', 'pcs.cluster'])
  const [before, after] = [text, all.text].map((each) => readSecrets(each, 'f').secrets.map(reveal))
  expect(after?.[2]).toBe('typed')
  expect(after?.[0]).not.toBe(before?.[0])
  expect(rotateSecrets(all.text, []).names).toEqual(['app', 'pcs.cluster'])
  expect(rotateSecrets(text, ['mine']).names).toEqual(['mine'])
})

test('a name that ends with _key gets a private key in PEM, which only naming it renews', () => {
  const fresh = generateSecretsText(['app', 'ca_key'])
  const added = addSecrets(new Secret('app: x # generated\n'), ['ca_key'])
  for (const text of [fresh, added.text]) {
    const pem = readSecrets(text, 'f').secrets.map(reveal)[1] ?? ''
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(createPrivateKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    const all = rotateSecrets(text, [])
    expect(all.names).toEqual(['app'])
    expect(readSecrets(all.text, 'f').secrets.map(reveal)[1]).toBe(pem)
    const named = readSecrets(rotateSecrets(text, ['ca_key']).text, 'f').secrets.map(reveal)[1] ?? ''
    expect(named).not.toBe(pem)
    expect(createPrivateKey(named).type).toBe('private')
    expect(secretNames(rotateSecrets(text, ['ca_key']).text)).toEqual(['app', 'ca_key'])
  }
})

test('places that use a secret are found, comments are not', () => {
  const text =
    'a: "{{ secrets.app }}"\n# b: "{{ secrets.old }}"\nc: "{{quote secrets.pcs.cluster}} {{ x }}"\nsecrets.none\n'
  expect(usesIn(text, 'f').map(({ name, line }) => `${name}:${line}`)).toEqual(['app:1', 'pcs.cluster:3'])
})

test('a secret that is too short to be masked for certain is warned of by its name, never by its value', () => {
  const { diagnostics } = readSecrets(new Secret('pin: "4711"\nfine: long-enough\nempty: ""\n'), 's.yml')
  const short = diagnostics.filter(({ code }) => code === 'secrets/short')
  expect(short).toMatchObject([
    { severity: 'warning', summary: 'the secret "pin" has fewer than 8 characters' },
  ])
  expect(renderDiagnostics(diagnostics)).not.toContain('4711')
})
