import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Top floor first: a file imports its own folder and lower floors, never a higher one. */
const FLOORS = [
  'cli',
  'report',
  'app',
  'lab',
  'stacks',
  'parts',
  'cluster',
  'modules',
  'engine',
  'template',
  'inventory',
  'transport',
  'schema',
  'diag',
  'lib',
]

/** The one floor that may import an npm package. `typebox` is the schema language and allowed everywhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  listr2: ['report'],
  handlebars: ['template'],
  ssh2: ['transport'],
  'node-ssh': ['transport'],
  'age-encryption': ['inventory'],
  ajv: ['schema'],
  'ajv-formats': ['schema'],
  yaml: ['schema'],
  pg: ['cluster'],
  uplot: ['report'],
  typebox: FLOORS,
}

const SRC = resolve(import.meta.dirname, '../../src')
const ROOT = resolve(SRC, '..')

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name))

/** What a file imports: `import`/`export … from` at the start of a line, and lazy `import()` or `require`. */
const IMPORT =
  /^(?:(?:import|export|\})[^'\n]*\bfrom|import) '([^']+)'|\b(?:import|load|require)\(\s*'([^']+)'\)/gm

const imports = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')

const floorOf = (file: string): string => relative(SRC, file).split('/')[0] ?? ''

/** Imports of all files that a rule forbids, as `file: what it says`. */
const forbidden = (rule: (file: string, name: string) => string | undefined): readonly string[] =>
  files.flatMap((file) =>
    imports(file).flatMap((name) => {
      const why = rule(file, name)
      return why === undefined ? [] : [`${relative(SRC, file)}: ${why}`]
    }),
  )

test('every folder of src is a floor', () => {
  expect(files.map(floorOf).filter((floor) => !FLOORS.includes(floor))).toEqual([])
})

test('a file imports only its own floor and lower ones', () => {
  const upwards = forbidden((file, name) => {
    if (!name.startsWith('.')) return undefined
    const target = floorOf(resolve(file, '..', name))
    return FLOORS.indexOf(target) >= FLOORS.indexOf(floorOf(file)) ? undefined : `${name} is above it`
  })
  expect(upwards).toEqual([])
})

test('a package is imported only at its home floor', () => {
  const strays = forbidden((file, name) => {
    if (name.startsWith('.') || name.startsWith('node:')) return undefined
    const pkg = name.split('/', name.startsWith('@') ? 2 : 1).join('/')
    return HOMES[pkg]?.includes(floorOf(file)) ? undefined : `${pkg} is not at home there`
  })
  expect(strays).toEqual([])
})

const stacks = readdirSync(join(SRC, 'stacks'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

/** A stack is known to its own folder and to the list; whatever two stacks share is a part. */
test('a stack is imported by the list of stacks only', () => {
  const known = forbidden((file, name) => {
    if (!name.startsWith('.')) return undefined
    const [floor, stack, inside] = relative(SRC, resolve(file, '..', name)).split('/')
    if (floor !== 'stacks' || stack === undefined || inside === undefined) return undefined
    const from = relative(SRC, file)
    return from === 'stacks/index.ts' || from.startsWith(`stacks/${stack}/`) ? undefined : `it knows ${name}`
  })
  expect(known).toEqual([])
})

/** Floors that drive programs: one of them may have the name of a stack, whichever stack uses it. */
const OF_PROGRAMS = ['/parts/', '/modules/']

test.each(stacks)('the name of stack %s stays in its homes', (stack) => {
  const strangers = files.filter(
    (file) =>
      !file.includes('/stacks/') &&
      !OF_PROGRAMS.some((floor) => file.includes(floor)) &&
      new RegExp(`\\b${stack}\\b`, 'i').test(readFileSync(file, 'utf8').replaceAll(/^\s*(\*|\/\/).*$/gm, '')),
  )
  expect(strangers.map((file) => relative(ROOT, file))).toEqual([])
})
