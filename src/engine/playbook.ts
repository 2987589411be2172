import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXIT, HactlError, problem, type Diagnostic, type Span } from '../diag/diagnostic.ts'
import { parseDuration } from '../lib/duration.ts'
import { suggest } from '../lib/suggest.ts'
import { authoring } from '../schema/build.ts'
import { checkSchema } from '../schema/validate.ts'
import { parseYaml, type Path, type Where } from '../schema/yaml.ts'
import type { Registry } from './module.ts'
import { playbookSchema, taskKeys } from './playbook-schema.ts'
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
  readonly delegateTo?: string
  readonly tags: readonly string[]
  readonly timeoutMs?: number
  readonly retryMs?: number
  readonly as?: string
  readonly inPlan: boolean
  readonly source: Span
  /** Position of a path below the module's arguments. */
  readonly whereArg: (path: Path) => Span
  /** The playbook file it stands in: templates are looked up from there. */
  readonly file: string
}

export interface Play {
  readonly name: string
  readonly hosts: string | readonly string[]
  readonly serial?: number
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

type Raw = Readonly<Record<string, unknown>>

interface Reader {
  readonly registry: Registry
  readonly file: string
  readonly where: Where
  readonly diagnostics: Diagnostic[]
  /** Files being imported, outermost first, to find cycles. */
  readonly chain: readonly string[]
}

/**
 * Reads a playbook with everything it imports. Throws HactlError (exit 2) with all problems at once: YAML,
 * unknown keys and modules, arguments that no template could make right, handlers that do not exist.
 */
export function loadPlaybook(file: string, registry: Registry): Playbook {
  const diagnostics: Diagnostic[] = []
  const raw = readYaml(file, diagnostics)
  const { data, where } = raw
  diagnostics.push(...checkSchema(playbookSchema, data, { area: 'playbook', where }))
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
  const found = checkSchema(playbookSchema, wrapped, { area: 'playbook', where: checkWhere })
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

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const words = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(text) : [text(value)]

function readPlay(reader: Reader, raw: Raw, path: Path): Play[] {
  if (raw['hosts'] === undefined) {
    const hint = 'write hosts: all, a group, or a list of names'
    reader.diagnostics.push(
      problem('playbook/no-hosts', 'this play has no hosts', { at: reader.where(path), hint }),
    )
    return []
  }
  const tags = words(raw['tags'])
  const tasks = readTasks(reader, raw['tasks'], [...path, 'tasks'], tags)
  const handlers = readTasks(reader, raw['handlers'], [...path, 'handlers'], tags)
  checkNotify(reader, tasks, handlers)
  const hosts = raw['hosts']
  return [
    {
      name: text(raw['name'] ?? `play ${Number(path.at(-1)) + 1}`),
      hosts: Array.isArray(hosts) ? hosts.map(text) : text(hosts),
      ...(raw['serial'] !== undefined && { serial: raw['serial'] as number }),
      anyErrorsFatal: raw['any_errors_fatal'] === true,
      vars: (raw['vars'] as Raw | undefined) ?? {},
      ...(raw['when'] !== undefined && { when: raw['when'] as Predicate }),
      tasks,
      handlers,
      source: reader.where(path),
    },
  ]
}

const readTasks = (reader: Reader, raw: unknown, path: Path, tags: readonly string[]): Task[] =>
  ((raw ?? []) as readonly Raw[]).flatMap((task, index) => readTask(reader, task, [...path, index], tags))

function readTask(reader: Reader, raw: Raw, path: Path, tags: readonly string[]): Task[] {
  const found = Object.keys(raw).filter((key) => !(key in taskKeys))
  const name = moduleOf(reader, raw, path, found)
  if (name === undefined) return []
  const args = raw[name] === null ? {} : raw[name]
  const module = reader.registry.modules.get(name)
  if (module) {
    const context = { area: 'playbook', where: reader.where, at: [...path, name], name }
    reader.diagnostics.push(...checkSchema(authoringOf(module.spec.args), args, context))
  }
  const duration = (key: string): number | undefined =>
    typeof raw[key] === 'string' ? parseDuration(raw[key]) : undefined
  const [timeoutMs, retryMs] = [duration('timeout'), duration('retry')]
  return [
    {
      name: String(raw['name']),
      module: name,
      args: args as Raw,
      ...(raw['when'] !== undefined && { when: raw['when'] as Predicate }),
      notify: words(raw['notify']),
      ...(raw['loop'] !== undefined && { loop: raw['loop'] }),
      ...(raw['register'] !== undefined && { register: text(raw['register']) }),
      runOnce: raw['run_once'] === true,
      ...(raw['delegate_to'] !== undefined && { delegateTo: text(raw['delegate_to']) }),
      tags: [...tags, ...words(raw['tags'])],
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(retryMs !== undefined && { retryMs }),
      ...(raw['as'] !== undefined && { as: text(raw['as']) }),
      inPlan: raw['check'] !== false,
      source: reader.where([...path, name], 'key'),
      whereArg: (arg) => reader.where([...path, name, ...arg]),
      file: reader.file,
    },
  ]
}

const authoringForms = new WeakMap<object, object>()
const authoringOf = (schema: object): object => {
  const known = authoringForms.get(schema)
  if (known) return known
  const made = authoring(schema)
  authoringForms.set(schema, made)
  return made
}

/** The one key of a task that is no keyword; a problem when there are none, two, or one nobody knows. */
function moduleOf(reader: Reader, raw: Raw, path: Path, found: readonly string[]): string | undefined {
  const known = found.filter((key) => reader.registry.modules.has(key))
  if (found.length === 1 && known.length === 1) return known[0]
  for (const key of found.filter((name) => !known.includes(name))) {
    const close = suggest(key, [...reader.registry.modules.keys(), ...Object.keys(taskKeys)])
    const hint = close ? `did you mean "${close}"?` : 'docs/modules lists the modules'
    const at = reader.where([...path, key], 'key')
    reader.diagnostics.push(problem('playbook/unknown-module', `no module called "${key}"`, { at, hint }))
  }
  if (found.length === 0 || known.length > 1) {
    const summary =
      found.length === 0
        ? `the task "${String(raw['name'])}" names no module`
        : `the task "${String(raw['name'])}" names ${known.length} modules: ${known.join(', ')}`
    const hint = 'a task has exactly one module; split it'
    reader.diagnostics.push(problem('playbook/one-module', summary, { at: reader.where(path), hint }))
  }
  return undefined
}

function checkNotify(reader: Reader, tasks: readonly Task[], handlers: readonly Task[]): void {
  const names = handlers.map((handler) => handler.name)
  for (const task of tasks) {
    for (const name of task.notify.filter((wanted) => !names.includes(wanted))) {
      const close = suggest(name, names)
      const hint = close ? `did you mean "${close}"?` : `handlers of this play: ${names.join(', ') || 'none'}`
      const summary = `the play has no handler "${name}"`
      reader.diagnostics.push(problem('playbook/unknown-handler', summary, { at: task.source, hint }))
    }
  }
}
