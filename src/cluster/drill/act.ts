import { setTimeout as wait } from 'node:timers/promises'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { CommandResult } from '../../transport/transport.ts'
import type { Act, Fault, Role } from './faults.ts'
import type { Line } from './line.ts'
import type { Site } from './site.ts'

/** Who plays which role in a run. */
export interface Cast {
  readonly primary: string
  readonly standby: string
  readonly others: readonly string[]
}

/** What inject and heal need. */
export interface Stage {
  readonly site: Site
  readonly cast: Cast
  /** A connection for acts to each member. */
  readonly lines: ReadonlyMap<string, Line>
  /** Whether another member has become primary. */
  readonly moved: () => boolean
  readonly signal: AbortSignal
}

const TIMER = 'hactl-drill-undo'

const hostsOf = ({ cast }: Stage, role: Role): readonly string[] =>
  role === 'others' ? cast.others : [cast[role]]

const wordsOf = ({ site }: Stage, kind: 'managers' | 'units' | undefined): readonly string[] =>
  kind === undefined ? [] : site.drills[kind]

/** The undoing waits on the host itself: it happens also when hactl or the connection is gone. */
const TIMED = `undo=$1 after=$2; shift 2
systemctl stop ${TIMER}.timer 2>/dev/null
systemctl reset-failed ${TIMER}.service 2>/dev/null
exec systemd-run --quiet --unit=${TIMER} --on-active="$after" sh -c "$undo" undo "$@"`

const UNDO = `undo=$1; shift
sh -c "$undo" undo "$@"
systemctl stop ${TIMER}.timer 2>/dev/null
exit 0`

async function shell(
  stage: Stage,
  host: string,
  script: string,
  args: readonly string[],
  timeoutMs = 20_000,
): Promise<CommandResult | undefined> {
  const argv = ['sh', '-c', script, 'drill', ...args]
  const results = await stage.lines.get(host)?.run([{ argv, timeoutMs }], timeoutMs)
  return results?.[0]
}

const cannot = (fault: Fault, host: string, result: CommandResult | undefined): HactlError =>
  new HactlError(
    problem('drill/inject', `${fault.name}: it could not be done on ${host}`, {
      detail: result ? `exit ${result.code} ${result.stderr.trim()}`.trim() : 'the host did not answer',
      on: { host },
    }),
    EXIT.failed,
  )

async function setTimer(stage: Stage, fault: Fault, act: Act & { by: 'ssh' }, host: string): Promise<void> {
  if (act.undo === undefined) return
  const words = [act.undo, `${act.undoAfterS ?? 180}s`, ...wordsOf(stage, act.args)]
  const timer = await shell(stage, host, TIMED, words)
  if (timer?.code !== 0) throw cannot(fault, host, timer)
}

async function overSsh(stage: Stage, fault: Fault, act: Act & { by: 'ssh' }): Promise<void> {
  const args = wordsOf(stage, act.args)
  const { everyMs, times } = act.again ?? { everyMs: 0, times: 1 }
  for (const host of hostsOf(stage, act.on)) {
    await setTimer(stage, fault, act, host)
    for (let n = 0; n < times; n++) {
      if (n > 0) await wait(everyMs, undefined, { signal: stage.signal })
      if (n > 0 && stage.moved()) break
      const result = await shell(stage, host, act.script, args)
      if (result?.code !== 0) throw cannot(fault, host, result)
    }
  }
}

/** Makes a fault happen. `began` is called just before its first act. Throws HactlError when it cannot be done. */
export async function inject(stage: Stage, fault: Fault, began: () => void): Promise<void> {
  const { lab } = stage.site
  began()
  for (const act of fault.inject) {
    if (act.by === 'ssh') await overSsh(stage, fault, act)
    else if (act.by === 'lab') {
      const nodes = act.on.flatMap((role) => hostsOf(stage, role))
      await lab?.inject(act.fault, nodes, act.options ?? {})
    } else {
      const { ok, why } = await stage.site.runbook(act.runbook, {})
      if (!ok)
        throw new HactlError(problem('drill/runbook', `${act.runbook}: ${why ?? 'failed'}`), EXIT.failed)
    }
  }
}

/** Undoes a fault, whatever of it was done; may be called again. Gives the hosts where it could not be undone. */
export async function heal(stage: Stage, fault: Fault): Promise<readonly string[]> {
  const failures: string[] = []
  if (fault.inject.some((act) => act.by === 'lab')) await stage.site.lab?.heal()
  for (const act of fault.inject) {
    if (act.by !== 'ssh' || act.undo === undefined) continue
    for (const host of hostsOf(stage, act.on)) {
      const undone = await shell(stage, host, UNDO, [act.undo, ...wordsOf(stage, act.args)], 60_000)
      if (undone?.code !== 0) failures.push(host)
    }
  }
  return failures
}
