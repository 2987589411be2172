import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { HactlError } from '../diag/diagnostic.ts'
import type { RunOptions, SourceFile } from '../engine/context.ts'
import type { EngineEvent, RunSummary } from '../engine/events.ts'
import type { Impact } from '../engine/impact.ts'
import type { Registry } from '../engine/module.ts'
import type { Playbook } from '../engine/playbook.ts'
import { runPlaybook, type Owed } from '../engine/run.ts'
import { matchHosts } from '../inventory/pattern.ts'
import { masker } from '../lib/secret.ts'
import type { Scope } from '../template/template.ts'
import { FORKS, type Bench } from './bench.ts'
import { sourceFolders } from './playbooks.ts'
import type { Target } from './target.ts'

/** Files beyond this are streamed, not kept: 1 MiB. */
const MOST_TEXT_BYTES = 1_048_576

function readSource(path: string): SourceFile {
  const bytes = statSync(path).size > MOST_TEXT_BYTES ? undefined : readFileSync(path)
  return bytes !== undefined && isUtf8(bytes) && !bytes.includes(0)
    ? { path, text: bytes.toString('utf8') }
    : { path }
}

function lookupIn(target: Target): RunOptions['lookup'] {
  const cache = new Map<string, SourceFile | undefined>()
  return (kind, name, playbook) => {
    const paths = name.startsWith('/')
      ? [name]
      : sourceFolders(target, kind, playbook).map((dir) => join(dir, name))
    const key = paths.join('\n')
    if (!cache.has(key)) {
      const path = paths.find((each) => statSync(each, { throwIfNoEntry: false })?.isFile())
      cache.set(key, path === undefined ? undefined : readSource(path))
    }
    return cache.get(key)
  }
}

export interface PhaseInput {
  readonly playbook: Playbook
  readonly registry: Registry
  readonly mode: 'plan' | 'apply'
  readonly emit: (event: EngineEvent) => void
  readonly allowed: Impact
  readonly vars?: Scope
  readonly owed?: Owed
  readonly stateDir?: string
}

/** One pass over the playbook: a plan, or an apply. */
export async function phase(bench: Bench, input: PhaseInput): Promise<RunSummary> {
  const { target, opened, chosen: sessions, options, caller } = bench
  const chosen = new Set(target.hosts.map((host) => host.name))
  return runPlaybook(
    {
      registry: input.registry,
      templates: bench.templates,
      hosts: target.inventory.hosts,
      groups: target.inventory.groups,
      select: (pattern, at) => {
        if (pattern.length === 0) return []
        const { hosts, diagnostics } = matchHosts(target.inventory, pattern, at)
        const errors = diagnostics.filter((d) => d.code !== 'inventory/no-match')
        if (errors.length > 0) throw new HactlError(errors)
        return hosts.filter((name) => chosen.has(name))
      },
      sessions,
      failures: opened.failures,
      vars: { ...target.vars, params: {}, ...input.vars },
      lookup: lookupIn(target),
      emit: input.emit,
      mask: masker(target.inventory.secrets),
      forks: options.forks ?? FORKS,
      ...(options.patience !== undefined && { patience: options.patience }),
      ...(options.tags && { tags: options.tags }),
      ...(options.skipTags && { skipTags: options.skipTags }),
      ...(options.over && { extraVars: options.over }),
      ...(options.startAt !== undefined && { startAt: options.startAt }),
      verbose: options.verbose,
      allowed: input.allowed,
      soft: caller.soft,
      hard: caller.hard,
      ...(input.stateDir !== undefined && { stateDir: input.stateDir }),
    },
    input,
  )
}
