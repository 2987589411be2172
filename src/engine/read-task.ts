import { problem } from '../diag/diagnostic.ts'
import { parseDuration } from '../lib/duration.ts'
import { suggest } from '../lib/suggest.ts'
import { authoring } from '../schema/build.ts'
import { checkSchema } from '../schema/validate.ts'
import type { Path } from '../schema/yaml.ts'
import { argumentWord, taskWord } from './foreign.ts'
import type { Task } from './playbook.ts'
import { taskKeys, taskSchema } from './playbook-schema.ts'
import { checkWhen, taskText, words, type Around, type Raw, type Reader } from './reader.ts'
import type { Predicate } from './when.ts'

const KEYWORDS: ReadonlySet<string> = new Set(Object.keys(taskKeys))
const PARTS = ['block', 'rescue', 'always'] as const

/** Tasks in their order. */
export const readTasks = (reader: Reader, raw: unknown, path: Path, around: Around): Task[] =>
  ((raw ?? []) as readonly Raw[]).flatMap((task, index) => readTask(reader, task, [...path, index], around))

/** One task, or those of a block; none when it cannot be read, which is then among the diagnostics. */
function readTask(reader: Reader, raw: Raw, path: Path, around: Around): Task[] {
  checkWhen(reader, raw, path)
  checkWhen(reader, raw, path, 'failed_when')
  if (PARTS.some((part) => Object.hasOwn(raw, part))) return readBlock(reader, raw, path, around)
  const found = Object.keys(raw).filter((key) => !KEYWORDS.has(key))
  const name = moduleOf(reader, raw, path, found)
  if (name === undefined) return []
  const args = raw[name] === null ? {} : raw[name]
  checkArgs(reader, name, args, [...path, name])
  return [{ ...keywordsOf(reader, raw, path, around), ...moduleArgs(reader, name, args as Raw, path) }]
}

function checkArgs(reader: Reader, name: string, args: unknown, at: Path): void {
  const module = reader.registry.modules.get(name)
  if (!module) return
  const context = { area: 'playbook', where: reader.where, at, name, foreign: argumentWord }
  reader.diagnostics.push(...checkSchema(authoringOf(module.spec.args), args, context))
  if (name !== 'assert' || typeof args !== 'object' || args === null) return
  checkWhen(reader, args as Raw, at, 'that')
}

/** What a task says beside its module. */
function keywordsOf(reader: Reader, raw: Raw, path: Path, around: Around) {
  return {
    name: String(raw['name']),
    ...decisionsOf(raw, around),
    ...timesOf(raw),
    notify: words(raw['notify']),
    ...(raw['loop'] !== undefined && { loop: raw['loop'] }),
    ...(raw['register'] !== undefined && { register: taskText(raw['register']) }),
    runOnce: raw['run_once'] === true,
    ...(raw['delegate_to'] !== undefined && { delegateTo: taskText(raw['delegate_to']) }),
    tags: [...around.tags, ...words(raw['tags'])],
    ...(raw['as'] !== undefined && { as: taskText(raw['as']) }),
    inPlan: raw['check'] !== false,
    ...(around.part && { part: around.part }),
    file: reader.file,
    whereKey: (key: Path) => reader.where([...path, ...key]),
  }
}

function decisionsOf(raw: Raw, around: Around) {
  const when = [...(around.when ?? []), ...(raw['when'] === undefined ? [] : [raw['when'] as Predicate])]
  return {
    ...(when.length > 0 && { when: when.length === 1 ? (when[0] as Predicate) : when }),
    ...(raw['failed_when'] !== undefined && { failedWhen: raw['failed_when'] as Predicate }),
    ignoreErrors: raw['ignore_errors'] === true,
  }
}

function timesOf(raw: Raw) {
  const duration = (key: string): number | undefined =>
    typeof raw[key] === 'string' ? parseDuration(raw[key]) : undefined
  const [timeoutMs, retryMs] = [duration('timeout'), duration('retry')]
  return { ...(timeoutMs !== undefined && { timeoutMs }), ...(retryMs !== undefined && { retryMs }) }
}

/** `assert` and `debug` name variables, which modules do not see: the engine looks them up. */
function moduleArgs(reader: Reader, name: string, args: Raw, path: Path) {
  const own = name === 'debug' && typeof args['var'] === 'string' ? { msg: `{{ ${args['var']} }}` } : args
  const { that, ...rest } = own
  return {
    module: name,
    args: name === 'assert' ? rest : own,
    ...(name === 'assert' && that !== undefined && { asserts: that as Predicate }),
    source: reader.where([...path, name], 'key'),
    whereArg: (arg: Path) => reader.where([...path, name, ...arg]),
  }
}

/** The tasks of a block in their order; each knows which part of which block it is. */
function readBlock(reader: Reader, raw: Raw, path: Path, around: Around): Task[] {
  const at = reader.where(path)
  const others = Object.keys(raw).filter((key) => !KEYWORDS.has(key))
  for (const key of others) {
    const hint = 'put it into the block as a task of its own'
    const where = reader.where([...path, key], 'key')
    reader.diagnostics.push(
      problem('playbook/one-module', `"${key}" stands beside a block`, { at: where, hint }),
    )
  }
  if (!Array.isArray(raw['block'])) {
    const hint = 'write block: with the tasks that may fail'
    reader.diagnostics.push(problem('playbook/block', 'rescue and always need a block', { at, hint }))
    return []
  }
  const id = `${reader.file}:${at.line}:${at.col}`
  const inner = {
    tags: [...around.tags, ...words(raw['tags'])],
    when: [...(around.when ?? []), ...(raw['when'] === undefined ? [] : [raw['when'] as Predicate])],
  }
  return PARTS.flatMap((part) => {
    const tasks = raw[part]
    if (tasks === undefined) return []
    const below = [...path, part]
    const context = { area: 'playbook', where: reader.where, at: below, name: part }
    const wrong = checkSchema(taskListSchema, tasks, context)
    reader.diagnostics.push(...wrong)
    if (wrong.length > 0) return []
    const rescued = Array.isArray(raw['rescue'])
    return readTasks(reader, tasks, below, {
      ...inner,
      part: { id, part, rescued, ...(around.part && { outer: around.part }) },
    })
  })
}

const taskListSchema = { type: 'array', items: taskSchema, description: 'Tasks.' }

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
  const unknown = found.filter((name) => !known.includes(name))
  for (const key of unknown) {
    const at = reader.where([...path, key], 'key')
    reader.diagnostics.push(unknownWord(reader, key, at))
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

function unknownWord(reader: Reader, key: string, at: ReturnType<Reader['where']>) {
  const modules = new Set(reader.registry.modules.keys())
  const foreign = taskWord(key, modules)
  if (foreign !== undefined) {
    return problem('playbook/foreign-word', `"${key}" is a word of Ansible`, { at, hint: foreign })
  }
  const close = suggest(key, [...modules, ...KEYWORDS])
  const hint = close ? `did you mean "${close}"?` : 'docs/modules lists the modules'
  return problem('playbook/unknown-module', `no module called "${key}"`, { at, hint })
}
