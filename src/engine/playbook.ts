import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXIT, HactlError, problem, type Diagnostic, type Span } from '../diag/diagnostic.ts'
import { checkSchema } from '../schema/validate.ts'
import { parseYaml, type Path, type Where } from '../schema/yaml.ts'
import type { Registry } from './module.ts'
import { playbookSchema } from './playbook-schema.ts'
import { playWord } from './foreign.ts'
import { readPlay } from './read-play.ts'
import { checkWhen, words, type Raw, type Reader } from './reader.ts'
import type { Predicate } from './when.ts'

export interface Task {
  readonly name: string
  readonly module: string
  /** As written: templates not yet rendered. */
  readonly args: Readonly<Record<string, unknown>>
  readonly when?: Predicate
  readonly notify: readonly string[]
  readonly loop?: unknown
  readonly register?: string
  readonly runOnce: boolean
  /** A failure is told and does not stop the host. */
  readonly ignoreErrors: boolean
  /** Decides in place of the exit code; the result is `result`. */
  readonly failedWhen?: Predicate
  /** What must hold, of the module `assert`. */
  readonly asserts?: Predicate
  /** The part of a block it stands in. */
  readonly part?: BlockPart
  readonly delegateTo?: string
  readonly tags: readonly string[]
  readonly timeoutMs?: number
  readonly retryMs?: number
  readonly as?: string
  readonly inPlan: boolean
  readonly source: Span
  /** Position of a path below the module's arguments. */
  readonly whereArg: (path: Path) => Span
  /** Position of a path below the task. */
  readonly whereKey: (path: Path) => Span
  /** The playbook file it stands in: templates are looked up from there. */
  readonly file: string
}

/** Where in a block a task stands. */
export interface BlockPart {
  readonly id: string
  readonly part: 'block' | 'rescue' | 'always'
  /** The block has a rescue. */
  readonly rescued: boolean
  readonly outer?: BlockPart
}

export interface Play {
  readonly name: string
  readonly hosts: string | readonly string[]
  /** Hosts at a time, batch after batch: numbers, or parts of the hosts in per cent; the last one goes on. */
  readonly serial?: readonly (number | string)[]
  readonly anyErrorsFatal: boolean
  readonly vars: Readonly<Record<string, unknown>>
  readonly when?: Predicate
  readonly tasks: readonly Task[]
  readonly handlers: readonly Task[]
  readonly source: Span
}

export interface Param {
  readonly type: 'host' | 'string' | 'integer' | 'boolean'
  readonly about: string
  readonly group?: string
  readonly default?: unknown
  readonly optional?: boolean
  /** Who is meant when nobody is named, if it can be but one. */
  readonly pick?: 'ill-standby' | 'taken-out'
}

export interface Playbook {
  readonly file: string
  readonly name: string
  readonly about?: string
  readonly aliases: readonly string[]
  readonly params: Readonly<Record<string, Param>>
  readonly needs: readonly string[]
  readonly require: readonly Readonly<Record<string, unknown>>[]
  readonly confirm?: string
  /** What the cluster must be at the end. */
  readonly promises?: 'healthy'
  readonly vars: Readonly<Record<string, unknown>>
  readonly plays: readonly Play[]
  readonly where: Where
}

/**
 * Reads a playbook with everything it imports. Throws HactlError (exit 2) with all problems at once: YAML,
 * unknown keys and modules, arguments that no template could make right, handlers that do not exist.
 */
export function loadPlaybook(file: string, registry: Registry): Playbook {
  const diagnostics: Diagnostic[] = []
  const raw = readYaml(file, diagnostics)
  const { data, where } = raw
  if (Array.isArray(data)) throw new HactlError(aList(where))
  diagnostics.push(...checkSchema(playbookSchema, data, { area: 'playbook', where, foreign: playWord }))
  if (diagnostics.some((d) => d.severity === 'error')) throw new HactlError(diagnostics)
  const root = data as Raw
  const reader: Reader = { registry, file, where, diagnostics, chain: [file] }
  const plays = readPlays(reader, root['plays'] as readonly Raw[], ['plays'])
  if (diagnostics.some((d) => d.severity === 'error')) throw new HactlError(diagnostics)
  return {
    file,
    name: root['name'] as string,
    ...(root['about'] !== undefined && { about: root['about'] as string }),
    aliases: (root['aliases'] as string[] | undefined) ?? [],
    params: (root['params'] as Playbook['params'] | undefined) ?? {},
    needs: (root['needs'] as string[] | undefined) ?? [],
    require: (root['require'] as Raw[] | undefined) ?? [],
    ...(root['confirm'] !== undefined && { confirm: root['confirm'] as string }),
    ...(root['promises'] === 'healthy' && { promises: 'healthy' as const }),
    vars: (root['vars'] as Raw | undefined) ?? {},
    plays,
    where,
  }
}

/** A playbook as Ansible has it. */
const aList = (where: Where): Diagnostic =>
  problem('playbook/list', 'the playbook is a list of plays', {
    at: where([]),
    hint: 'write "name: WHAT IT DOES" and "plays:" above it, and indent the list',
  })

function readYaml(file: string, diagnostics: Diagnostic[]): { data: unknown; where: Where } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new HactlError(problem('playbook/unreadable', `cannot read the playbook: ${reason}`), EXIT.usage)
  }
  const parsed = parseYaml(text, file)
  diagnostics.push(...parsed.diagnostics)
  if (diagnostics.some((d) => d.severity === 'error')) throw new HactlError(diagnostics)
  return { data: parsed.data, where: parsed.where }
}

const readPlays = (reader: Reader, plays: readonly Raw[], path: Path): Play[] =>
  plays.flatMap((raw, index) => {
    const at = [...path, index]
    return raw['import'] === undefined ? readPlay(reader, raw, at) : importPlays(reader, raw, at)
  })

/** `import:` is looked up beside the importing file, then in the playbooks folder above it. */
function importPlays(reader: Reader, raw: Raw, path: Path): Play[] {
  const name = String(raw['import'])
  checkWhen(reader, raw, path)
  const at = reader.where([...path, 'import'])
  const candidates = [join(dirname(reader.file), name), join(dirname(reader.file), '..', name)]
  const file = candidates.find(isReadable)
  if (file === undefined || reader.chain.includes(file)) {
    const summary =
      file === undefined
        ? `there is no file "${name}" to import`
        : `"${name}" imports itself: ${reader.chain.join(' → ')}`
    reader.diagnostics.push(
      problem('playbook/import', summary, { at, hint: `looked for ${candidates.join(' and ')}` }),
    )
    return []
  }
  const { data, where } = readYaml(file, reader.diagnostics)
  const wrapped = Array.isArray(data) ? { name, plays: data } : data
  const checkWhere: Where = (p, part) => where(Array.isArray(data) ? p.slice(1) : p, part)
  const found = checkSchema(playbookSchema, wrapped, {
    area: 'playbook',
    where: checkWhere,
    foreign: playWord,
  })
  reader.diagnostics.push(...found)
  if (found.length > 0) return []
  const inner: Reader = { ...reader, file, where: checkWhere, chain: [...reader.chain, file] }
  const vars = (raw['vars'] as Raw | undefined) ?? {}
  return readPlays(inner, (wrapped as Raw)['plays'] as readonly Raw[], ['plays']).map((play) => ({
    ...play,
    vars: { ...play.vars, ...vars },
    ...(raw['when'] !== undefined && { when: allOf(raw['when'] as Predicate, play.when) }),
    ...(raw['tags'] !== undefined && {
      tasks: play.tasks.map((task) => ({ ...task, tags: [...task.tags, ...words(raw['tags'])] })),
    }),
  }))
}

const allOf = (a: Predicate, b: Predicate | undefined): Predicate => (b === undefined ? a : { all: [a, b] })

function isReadable(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}
