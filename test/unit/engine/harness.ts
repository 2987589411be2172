import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Diagnostic } from '../../../src/diag/diagnostic.ts'
import type { RunOptions, Session } from '../../../src/engine/context.ts'
import type { EngineEvent, RunSummary, TaskResult } from '../../../src/engine/events.ts'
import {
  defineAction,
  defineFact,
  defineModule,
  type Action,
  type Module,
  type Registry,
} from '../../../src/engine/module.ts'
import { loadPlaybook } from '../../../src/engine/playbook.ts'
import { foretell, NotYet, type Reading } from '../../../src/engine/probe.ts'
import { createProber } from '../../../src/engine/prober.ts'
import { runPlaybook, type RunInput } from '../../../src/engine/run.ts'
import { run } from '../../../src/engine/step.ts'
import type { Host } from '../../../src/inventory/inventory.ts'
import { Type } from '../../../src/lib/type.ts'
import { createTemplates } from '../../../src/template/template.ts'
import { fakeTransport, type FakeTransport } from '../../../src/transport/fake.ts'
import type { Command, CommandResult } from '../../../src/transport/transport.ts'

/** A host that is a map of cells: `read A B` prints them, `write A 1` sets one; `busy` first refuses, `refusals` times. */
export function cellHost(name: string, cells: Map<string, string>): FakeTransport {
  const respond = ({ argv }: Command): Partial<CommandResult> => {
    const [word, ...rest] = argv
    if (word === 'read') return { stdout: JSON.stringify(rest.map((key) => cells.get(key) ?? null)) }
    if (word === 'write') {
      if (rest[1] === 'FULL') return { code: 1, stderr: 'write error: No space left on device' }
      const refusals = Number(cells.get('refusals') ?? 0)
      if (rest[0] === 'busy' && refusals > 0) {
        cells.set('refusals', String(refusals - 1))
        return { code: 1, stderr: 'not possible now' }
      }
      if (rest[0] !== 'stubborn') cells.set(rest[0] ?? '', rest[1] ?? '')
      cells.set('writes', String(Number(cells.get('writes') ?? 0) + 1))
      return { stdout: `wrote ${rest[0]}` }
    }
    if (word === 'cat') return { stdout: cells.get('load') ?? '' }
    if (word === 'nproc') return { stdout: '2\n' }
    return { code: 0 }
  }
  return fakeTransport({ host: name, respond })
}

const reading: Reading<string | null> = {
  name: 'cell',
  command: (keys) => ({ argv: ['read', ...keys] }),
  parse: ({ stdout }, keys) => {
    const values = JSON.parse(stdout) as (string | null)[]
    return new Map(keys.map((key, index) => [key, values[index] ?? null]))
  },
  resource: (key) => `file:/${key}`,
}

const args = Type.Object({
  key: Type.String({ description: 'Cell.' }),
  value: Type.String({ description: 'What it holds.' }),
  needs: Type.Optional(Type.String({ description: 'Cell that must be there first.' })),
})

/** `cell` touches only its cell, `open` may touch anything, `event` happens when notified, `wait` waits. */
export const registry: Registry = {
  modules: new Map<string, Module | Action>([
    [
      'cell',
      defineModule({
        name: 'cell',
        about: 'A cell.',
        args,
        current: async (probe, { key, needs }) => {
          const [value, before] = await Promise.all([
            probe.ask(reading, key),
            needs === undefined ? '' : probe.ask(reading, needs),
          ])
          if (before === null) throw new NotYet(`${needs} is not there`)
          return { value }
        },
        desired: ({ value }) => ({ value }),
        steps: (_from, _to, { key, value }) => [run('write', key, value)],
        touches: ({ key }) => [`file:/${key}`],
      }),
    ],
    [
      'append',
      defineModule({
        name: 'append',
        about: 'An entry in a cell that is a list.',
        args,
        current: async (probe, { key }) => ({ list: await probe.ask(reading, key) }),
        desired: ({ value }, { list }) => ({
          list: list?.split(',').includes(value) ? list : [list, value].filter(Boolean).join(','),
        }),
        steps: (_from, { list }, { key }) => [run('write', key, list ?? '')],
        touches: ({ key }) => [`file:/${key}`],
        // `needs: blind` plays a module that does not foretell.
        predicts: (_from, { list }, { key, needs }) =>
          needs === 'blind' ? [] : [foretell(reading, key, () => list ?? null)],
      }),
    ],
    [
      'open',
      defineModule({
        name: 'open',
        about: 'A cell whose change may touch anything.',
        args,
        current: async (probe, { key }) => ({ value: await probe.ask(reading, key) }),
        desired: ({ value }) => ({ value }),
        steps: (_from, _to, { key, value }) => [{ ...run('write', key, value), impact: 'restart-primary' }],
      }),
    ],
    [
      'event',
      defineAction({
        name: 'event',
        about: 'Writes when notified.',
        args,
        event: true,
        done: async (probe, { key, value }) => (await probe.ask(reading, key)) === value,
        steps: ({ key, value }) => [run('write', key, value)],
      }),
    ],
    [
      'wait',
      defineAction({
        name: 'wait',
        about: 'Waits for a value.',
        args,
        // Opaque: depends on anything.
        done: async (probe, { key, value }) =>
          (await probe.run(['read', key])).stdout === JSON.stringify([value]),
        steps: () => [],
        explain: async (probe, { key }) => `${key} is ${(await probe.run(['read', key])).stdout}`,
        timeoutMs: 600,
      }),
    ],
  ]),
  facts: new Map([
    [
      'the.color',
      defineFact({ name: 'the.color', about: 'Color.', read: (probe) => probe.ask(reading, 'color') }),
    ],
  ]),
}

const host = (name: string): Host => ({
  name,
  groups: ['all'],
  vars: { color: `of-${name}` },
  connection: {
    host: name,
    kind: 'local',
    address: '127.0.0.1',
    become: false,
    becomeUser: 'root',
    connectTimeoutMs: 1,
  },
})

export interface Lab {
  readonly cells: ReadonlyMap<string, Map<string, string>>
  readonly transports: ReadonlyMap<string, FakeTransport>
  /** Sessions to hand to more than one run, so that answers are kept between them. */
  readonly sessions: () => ReadonlyMap<string, Session>
  /** Runs a playbook text. */
  readonly go: (plays: string, options?: Partial<RunOptions> & Partial<RunInput>) => Promise<Outcome>
}

export interface Outcome {
  readonly summary: RunSummary
  readonly events: readonly EngineEvent[]
  /** `host repr status`, in order. */
  readonly lines: readonly string[]
  readonly errors: readonly Diagnostic[]
  /** Round trips of this run, by host. */
  readonly trips: Readonly<Record<string, number>>
}

export function lab(...names: readonly string[]): Lab {
  const cells = new Map(names.map((name) => [name, new Map<string, string>()]))
  const transports = new Map(names.map((name) => [name, cellHost(name, cells.get(name) ?? new Map())]))
  const hosts = new Map(names.map((name) => [name, host(name)]))
  const sessions = (): ReadonlyMap<string, Session> =>
    new Map(
      [...transports].map(([name, transport]) => [name, { transport, prober: createProber(transport) }]),
    )
  const go: Lab['go'] = async (text, given = {}) => {
    const dir = mkdtempSync(join(tmpdir(), 'hactl-engine-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'playbook.yml')
    writeFileSync(file, `name: test\nplays:\n${text}`)
    const events: EngineEvent[] = []
    const before = [...transports].map(([name, transport]) => [name, transport.batches.length] as const)
    const { mode = 'apply', owed, ...options } = given
    const summary = await runPlaybook(
      {
        registry,
        templates: createTemplates(),
        hosts,
        groups: new Map([['all', names]]),
        select: (pattern) => (pattern === 'all' ? names : names.filter((name) => pattern.includes(name))),
        sessions: sessions(),
        failures: new Map(),
        vars: {},
        lookup: () => undefined,
        emit: (event) => events.push(event),
        mask: (line) => line,
        forks: 10,
        verbose: 0,
        allowed: 'destructive',
        ...options,
      },
      { playbook: loadPlaybook(file, options.registry ?? registry), mode, ...(owed && { owed }) },
    )
    const results = events.filter((event) => event.kind === 'task-result')
    const word = (result: TaskResult): string => result.status
    return {
      summary,
      events,
      lines: results.map(({ task, result }) => `${task.host} ${task.repr} ${word(result)}`),
      errors: results.flatMap(({ result }) => ('error' in result ? [result.error] : [])),
      trips: Object.fromEntries(
        before.map(([name, n]) => [name, (transports.get(name)?.batches.length ?? 0) - n]),
      ),
    }
  }
  return { cells, transports, sessions, go }
}
