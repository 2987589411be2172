import type { EngineEvent } from '../engine/events.ts'
import { collect } from './model.ts'

/** A whole run as one JSON value: head, plays, the result of every task on every host, and the summary. */
export function runJson(events: Iterable<EngineEvent>): Readonly<Record<string, unknown>> {
  const { start, params, plays, outcomes, unreachable, notices, summary } = collect(events)
  return {
    run: start?.run,
    mode: start?.mode,
    playbook: start?.playbook,
    hosts: start?.hosts,
    at: start?.at,
    by: start?.by,
    params,
    ...(start?.resumes !== undefined && { resumes: start.resumes }),
    plays: plays.map(({ play, hosts, tasks }) => ({ play, hosts, tasks })),
    results: outcomes.map(({ task, result, ms }) => ({ ...task, ...result, ms })),
    unreachable,
    notices: notices.map(({ level, text, host }) => ({ level, text, host })),
    summary,
  }
}
