import { readFileSync, statSync } from 'node:fs'
import { HactlError } from '../diag/diagnostic.ts'
import { hasSecrets, openOrMakeSecretFile } from '../inventory/secret-file.ts'
import { findIdentity, keyFileOf } from '../inventory/secret-key.ts'
import { findSecretUses, usesIn } from '../inventory/secret-uses.ts'
import { addSecrets } from '../inventory/secret-values.ts'
import { loadInventory } from '../inventory/load.ts'
import { readSecrets } from '../inventory/secrets.ts'
import { Secret } from '../lib/secret.ts'
import { STACKS } from '../stacks/index.ts'
import { print } from './io.ts'
import { packageFolders } from '../app/package.ts'
import { FIRST_TEXT, folderOf, keyOptions, writeKey, type SecretFlags } from './secrets.ts'

/**
 * Makes every secret that the inventory, its playbooks or its stacks refer to and that is not there, and a key
 * when there is neither a key nor a file of secrets. What is there stays as it is. Throws HactlError.
 */
export async function generate(path: string, flags: SecretFlags): Promise<void> {
  const dir = folderOf(path)
  const names = await referred(path, dir)
  const options = keyOptions(flags)
  if (!hasSecrets(dir) && !findIdentity(dir, options)) {
    await writeKey(keyFileOf(dir))
    await print(`wrote ${keyFileOf(dir)}`, `Keep it safe: without it nobody can read the secrets.`)
  }
  const opened = await openOrMakeSecretFile(dir, options, new Secret(FIRST_TEXT))
  const { diagnostics } = readSecrets(opened.text, opened.file)
  const errors = diagnostics.filter((each) => each.severity === 'error')
  if (errors.length > 0) throw new HactlError(errors)
  const added = addSecrets(opened.text, names)
  if (added.names.length === 0) return print('No secret is missing.')
  await opened.save(added.text)
  await print(`wrote ${opened.file}`, ...added.names.map((name) => `  ${name}: new value`))
}

/** The names of all secrets in use, in the order of the alphabet. */
async function referred(path: string, dir: string): Promise<readonly string[]> {
  // Missing secrets make the inventory unsound; its stacks are known all the same.
  const { inventory } = await loadInventory(path, { stacks: STACKS, secrets: { optional: true } })
  const folders = [dir, ...inventory.clusters.flatMap((cluster) => packageFolders(cluster.stack))]
  const uses = findSecretUses([...new Set(folders)])
  const own = statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path, 'utf8') : ''
  return [...new Set([...uses, ...usesIn(own, path)].map((use) => use.name))].toSorted()
}
