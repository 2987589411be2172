import { setTimeout as wait } from 'node:timers/promises'
import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { CommandResult } from '../../transport/transport.ts'
import { cannotHere, hostsOf, ownAddresses, type Cast, type Lines } from './cast.ts'
import { UNDO_AFTER_S, type Act, type Fault, type NetAct, type Role, type ShellAct } from './fault.ts'
import type { Line } from './line.ts'
import { cutting, mirrored, NET_CHECK, ruleset, UNCUT, type Cut } from './net.ts'
import type { Site } from './site.ts'

/** What has to be undone on a host, and the number of its timer. */
interface Undo {
  readonly host: string
  readonly script: string
  readonly args: readonly string[]
  readonly number: number
}

/** What inject and heal need. */
export interface Stage {
  readonly site: Site
  readonly cast: Cast
  /** A connection for acts to each member. */
  readonly lines: Lines
  /** The same to all hosts of the cluster. */
  readonly all: Lines
  /** Grows with every act that lasts. */
  readonly undos: Undo[]
  /** Whether another member has become primary. */
  readonly moved: () => boolean
  readonly signal: AbortSignal
}

const TIMER = 'hactl-drill-undo'
/** By this exit code a check says: not here. */
const NOT_HERE = 77

/** The undoing waits on the host itself: it happens also when hactl or the connection is gone. */
const TIMED = `unit=${TIMER}-$1 undo=$2 after=$3; shift 3
systemctl stop "$unit.timer" 2>/dev/null
systemctl reset-failed "$unit.service" 2>/dev/null
exec systemd-run --quiet --unit="$unit" --on-active="$after" sh -c "$undo" undo "$@"`

const UNDO = `unit=${TIMER}-$1 undo=$2; shift 2
sh -c "$undo" undo "$@" || exit
systemctl stop "$unit.timer" 2>/dev/null
exit 0`

/** What a drill that was killed has left to its timers is done now. */
const LEFT_OVER = `for timer in $(systemctl list-units --plain --no-legend --all '${TIMER}-*.timer' | awk '{ print $1 }'); do
  systemctl start "\${timer%.timer}.service"
  systemctl stop "$timer"
done
exit 0`

async function shell(
  line: Line | undefined,
  script: string,
  args: readonly string[],
  timeoutMs = 20_000,
): Promise<CommandResult | undefined> {
  const argv = ['sh', '-c', script, 'drill', ...args]
  const results = await line?.run([{ argv, timeoutMs }], timeoutMs)
  return results?.[0]
}

const failed = (what: string, host: string, result: CommandResult | undefined): HactlError =>
  new HactlError(
    problem('drill/inject', `${what}: it could not be done on ${host}`, {
      detail: result ? `exit ${result.code} ${result.stderr.trim()}`.trim() : 'the host did not answer',
      on: { host },
    }),
    EXIT.failed,
  )

const hosts = ({ site, cast, all }: Stage, role: Role): Promise<readonly string[]> =>
  hostsOf(site, cast, all, role)

function wordsOf({ site }: Stage, kind: ShellAct['args']): readonly string[] {
  if (kind === undefined) return []
  if (typeof kind !== 'string') return kind
  const { socketDir, port, database, dataDir } = site
  return kind === 'postgres' ? [socketDir, String(port), database, dataDir] : site.drills[kind]
}

async function setTimer(stage: Stage, fault: Fault, undo: Undo, afterS: number): Promise<void> {
  const { host, script, args, number } = undo
  // Noted first: what was begun is undone, whatever becomes of it.
  stage.undos.push(undo)
  const words = [String(number), script, `${afterS}s`, ...args]
  const timer = await shell(stage.all.get(host), TIMED, words)
  if (timer?.code !== 0) throw failed(fault.name, host, timer)
}

async function overSsh(stage: Stage, fault: Fault, act: ShellAct): Promise<void> {
  const args = wordsOf(stage, act.args)
  const { everyMs, times } = act.again ?? { everyMs: 0, times: 1 }
  for (const host of await hosts(stage, act.on)) {
    const { undo: script, undoAfterS = UNDO_AFTER_S } = act
    if (script !== undefined)
      await setTimer(stage, fault, { host, script, args, number: stage.undos.length }, undoAfterS)
    for (let n = 0; n < times; n++) {
      if (n > 0) await wait(everyMs, undefined, { signal: stage.signal })
      if (n > 0 && stage.moved()) break
      const result = await shell(stage.all.get(host), act.script, args)
      if (result?.code !== 0) throw failed(fault.name, host, result)
    }
  }
}

/** The cuts of an act by host. What two hosts say to each other is cut at both: one may speak from an address that moves. */
async function cutsOf(stage: Stage, act: NetAct): Promise<ReadonlyMap<string, Cut>> {
  const cuts = new Map<string, Cut>()
  const ways = act.ways ?? 'both'
  const { percent } = act
  const ports = act.only === undefined ? undefined : stage.site.quorumPorts
  const more = { ...(ports && { ports }), ...(percent !== undefined && { percent }) }
  for (const host of await hosts(stage, act.on)) {
    if (act.peers === 'everybody') {
      cuts.set(host, { ways, ...more })
      continue
    }
    const peers = (await hosts(stage, act.peers)).filter((each) => each !== host)
    const own = await ownAddresses(stage.all.get(host), stage.cast)
    const theirs = await Promise.all(peers.map((peer) => ownAddresses(stage.all.get(peer), stage.cast)))
    if (peers.length === 0) continue
    const cut: Cut = { ways, peers: theirs.flat(), ...more }
    cuts.set(host, cut)
    for (const peer of peers) cuts.set(peer, mirrored(cut, own))
  }
  return cuts
}

const sshPortOf = ({ site }: Stage, host: string): number =>
  [...site.members, ...site.voters].find(({ name }) => name === host)?.connection.port ?? 22

async function overNet(stage: Stage, fault: Fault, act: NetAct): Promise<void> {
  const cuts = [...(await cutsOf(stage, act))]
  const afterS = act.undoAfterS ?? UNDO_AFTER_S
  const first = stage.undos.length
  await Promise.all(
    cuts.map(([host], index) =>
      setTimer(stage, fault, { host, script: UNCUT, args: [String(first)], number: first + index }, afterS),
    ),
  )
  await Promise.all(
    cuts.map(async ([host, cut]) => {
      const [script, ...args] = cutting(act, first, ruleset(cut, sshPortOf(stage, host), first))
      const result = await shell(stage.all.get(host), script, args)
      if (result?.code !== 0) throw failed(fault.name, host, result)
    }),
  )
}

async function carryOut(stage: Stage, fault: Fault, act: Act): Promise<void> {
  const { lab } = stage.site
  if (act.by === 'ssh') return overSsh(stage, fault, act)
  if (act.by === 'net') return overNet(stage, fault, act)
  if (act.by === 'pause') return wait(act.ms, undefined, { signal: stage.signal })
  if (act.by === 'lab') {
    if (lab === undefined && act.onlyInLab === true) return
    const nodes = await Promise.all(act.on.map((role) => hosts(stage, role)))
    return lab?.inject(act.fault, [...new Set(nodes.flat())], act.options ?? {})
  }
  const { ok, why } = await stage.site.runbook(act.runbook, {})
  if (!ok) throw new HactlError(problem('drill/runbook', `${act.runbook}: ${why ?? 'failed'}`), EXIT.failed)
}

/** The script that says whether an act can be made on a host, with its arguments. */
function checkOf(stage: Stage, act: Act): readonly [script: string, ...args: string[]] | undefined {
  if (act.by === 'net') return [NET_CHECK]
  return act.by === 'ssh' && act.check !== undefined ? [act.check, ...wordsOf(stage, act.args)] : undefined
}

/** Throws HactlError (`drill/cannot-here`) when a fault cannot be made; nothing has been broken then. */
export async function checkHere(stage: Stage, fault: Fault): Promise<void> {
  for (const act of fault.inject) {
    const [check, ...args] = checkOf(stage, act) ?? []
    if (check === undefined || !('on' in act) || typeof act.on !== 'string') continue
    for (const host of await hosts(stage, act.on as Role)) {
      const result = await shell(stage.all.get(host), check, args)
      if (result?.code === NOT_HERE) throw cannotHere(fault.name, `${host}: ${result.stdout.trim()}`)
      if (result?.code !== 0) throw failed(fault.name, host, result)
    }
  }
}

/** Undoes what a drill that was killed has left behind, everywhere. */
export async function undoLeftOver(all: Lines): Promise<void> {
  await Promise.all([...all.values()].map((line) => shell(line, LEFT_OVER, [])))
}

/** Makes a fault happen. `began` is called just before its first act. Throws HactlError when it cannot be done. */
export async function inject(stage: Stage, fault: Fault, began: () => void): Promise<void> {
  began()
  for (const act of fault.inject) await carryOut(stage, fault, act)
}

/** Undoes a fault, whatever of it was done; may be called again. Gives the hosts where it could not be undone. */
export async function heal({ site, undos, all }: Stage, fault: Fault): Promise<readonly string[]> {
  if (fault.inject.some((act) => act.by === 'lab')) await site.lab?.heal()
  const failures = await Promise.all(
    undos.toReversed().map(async ({ host, script, args, number }) => {
      const undone = await shell(all.get(host), UNDO, [String(number), script, ...args], 60_000)
      return undone?.code === 0 ? [] : [host]
    }),
  )
  return [...new Set(failures.flat())]
}
