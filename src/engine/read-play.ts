import { problem } from '../diag/diagnostic.ts'
import { suggest } from '../lib/suggest.ts'
import type { Path } from '../schema/yaml.ts'
import type { Play, Task } from './playbook.ts'
import { readTasks } from './read-task.ts'
import { checkWhen, taskText, words, type Raw, type Reader } from './reader.ts'
import type { Predicate } from './when.ts'

/** One play; none when it cannot be read, which is then among the diagnostics. */
export function readPlay(reader: Reader, raw: Raw, path: Path): Play[] {
  if (raw['hosts'] === undefined) {
    const hint = 'write hosts: all, a group, or a list of names'
    reader.diagnostics.push(
      problem('playbook/no-hosts', 'this play has no hosts', { at: reader.where(path), hint }),
    )
    return []
  }
  checkWhen(reader, raw, path)
  const tags = words(raw['tags'])
  const tasks = readTasks(reader, raw['tasks'], [...path, 'tasks'], { tags })
  const handlers = readTasks(reader, raw['handlers'], [...path, 'handlers'], { tags })
  checkNotify(reader, tasks, handlers)
  const hosts = raw['hosts']
  return [
    {
      name: taskText(raw['name'] ?? `play ${Number(path.at(-1)) + 1}`),
      hosts: Array.isArray(hosts) ? hosts.map(taskText) : taskText(hosts),
      ...(raw['serial'] !== undefined && { serial: [raw['serial']].flat() as Play['serial'] & object }),
      anyErrorsFatal: raw['any_errors_fatal'] === true,
      vars: (raw['vars'] as Raw | undefined) ?? {},
      ...(raw['when'] !== undefined && { when: raw['when'] as Predicate }),
      tasks,
      handlers,
      source: reader.where(path),
    },
  ]
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
