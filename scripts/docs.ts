import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { doctorDocs } from './docs/doctor.ts'
import { evidence } from './docs/evidence.ts'
import { moduleDocs } from './docs/modules.ts'

/**
 * Writes the generated pages below `docs/`. With `--check` nothing is written: the exit code is 1 when a page is
 * stale, missing, or left over. A generator gives every page of its folder: path below the folder → text.
 */
const GENERATORS: Readonly<Record<string, () => ReadonlyMap<string, string>>> = {
  doctor: doctorDocs,
  'evidence/drills': evidence,
  modules: moduleDocs,
}

const DOCS = resolve(import.meta.dirname, '../docs')

function* differences(folder: string, pages: ReadonlyMap<string, string>): Generator<string> {
  for (const [name, text] of pages) {
    const file = join(DOCS, folder, name)
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) yield name
  }
  const there = existsSync(join(DOCS, folder)) ? readdirSync(join(DOCS, folder)) : []
  for (const name of there) if (!pages.has(name)) yield name
}

function write(folder: string, name: string, text: string | undefined): void {
  const file = join(DOCS, folder, name)
  if (text === undefined) return rmSync(file)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

const check = process.argv.includes('--check')
for (const [folder, generate] of Object.entries(GENERATORS)) {
  const pages = generate()
  for (const name of differences(folder, pages)) {
    process.stdout.write(`docs/${folder}/${name} ${check ? 'is stale: run `npm run docs`' : 'written'}\n`)
    if (check) process.exitCode = 1
    else write(folder, name, pages.get(name))
  }
}
