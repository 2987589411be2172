import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Command, CommandResult } from '../transport/transport.ts'
import type { Session } from './context.ts'

/** Who holds the lock of a cluster on a host. */
export interface LockOwner {
  /** Name of the host in the inventory of the run. */
  readonly host?: string
  readonly run: string
  readonly by: string
  readonly from: string
  readonly at: string
}

/** Where a run keeps its lock and the handlers it still owes, on every host of the cluster. */
export const stateDirOf = (cluster: string): string =>
  `/run/hactl/${cluster.replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`

/**
 * Creating the file with `noclobber` (O_EXCL) is the atomic test-and-set, and takes no process. It holds the pid of the
 * owner's remote shell with its start time, which guards against a reused pid, and who owns it: when that process is
 * gone (the controller died, the connection broke) the lock is stale and taken over. A held lock is waited for as many
 * tenths of a second as told, because a session whose controller was killed takes a moment to end; a lock without an
 * owner is being written right now.
 */
const ACQUIRE = `
dir=$1 owner=$2 patience=$3 n=0 word=TAKEN file=$1/lock
started() { at=; read -r line < "/proc/$1/stat" && set -- \${line##*) } && at=\${20}; } 2>/dev/null
take() {
  set -C
  { printf '%s %s\\n%s\\n' "$HACTL_SESSION_PID" "$mine" "$owner" > "$file"; } 2>/dev/null
  set -- $?
  set +C
  return $1
}
alive() {
  [ -e "$file" ] || return 1
  pid= start= holder=
  { read -r pid start; read -r holder; } < "$file"
  [ -n "$holder" ] || { [ $n -lt 20 ]; return; }
  started "$pid"
  [ -n "$start" ] && [ "$at" = "$start" ]
} 2>/dev/null
# One at a time may replace a dead lock, and looks once more before it does.
take_over() {
  mkdir "$dir/taking" || return 1
  if alive; then rmdir "$dir/taking"; return 1; fi
  word=TAKEN
  mv "$file" "$dir/stale.$$" && rm -rf "$dir/stale.$$" && word=STALE
  take || { rmdir "$dir/taking"; return 1; }
} 2>/dev/null
started "$HACTL_SESSION_PID"
mine=$at
if ! take; then
  [ -d "$dir" ] || mkdir -p -m 700 "$dir" || exit 1
  [ -w "$dir" ] || { echo "$dir is not writable" >&2; exit 1; }
  if ! take; then
    until ! alive && take_over; do
      [ $n -lt $patience ] || { echo HELD; printf '%s\\n' "$holder"; exit 3; }
      sleep 0.1 || sleep 1
      n=$((n+1))
      # Whoever was replacing it for that long is dead too.
      [ $n = 40 ] && rmdir "$dir/taking" 2>/dev/null
    done
    rmdir "$dir/taking"
  fi
fi
echo $word
[ ! -e "$dir/pending" ] || cat "$dir/pending"
exit 0`

/** Tenths of a second that a held lock is waited for. */
const PATIENCE = 50

/** Only the run that owns the lock may remove it; without a run, whoever owns it. */
const RELEASE = String.raw`{ read -r pid; read -r holder; } < "$1/lock" 2>/dev/null || exit 0
case $holder in *"\"run\":\"$2"*) rm -f "$1/lock" ;; esac
exit 0`

const script = (text: string, ...args: readonly string[]): Command => ({
  argv: ['sh', '-c', text, 'hactl-lock', ...args],
  inline: true,
})

/** Lets the lock of a run fall together with its session, however that ends; no process and no round trip of its own. */
export function fallsWithSession(session: Session, stateDir: string, run: string): void {
  const file = `${stateDir}/lock`
  session.transport.atEnd(
    `{ read -r x; read -r y; } <${file} && case $y in *'"run":"${run}"'*) D="$D ${file}";; esac`,
  )
}

/** A run that has begun to change things leaves its lock when it is cut off: the next one then says so. */
export const outlivesSession = (session: Session): void => session.transport.atEnd('')

export interface Acquired {
  /** An earlier run died while it held the lock. */
  readonly stale: boolean
  /** Handlers that run still owed: play and handler name. */
  readonly pending: readonly { readonly play: string; readonly handler: string }[]
}

/** A lock that was asked for in front of the first readings. */
export interface Attempt {
  /** Undefined: not taken, because somebody holds it, it cannot be written, or nothing was read yet. */
  taken(): Acquired | undefined
}

/**
 * Asks for the lock in front of the first readings of a host, in their round trip, so that a plan is read under it. Does
 * not wait, and what is taken falls with the session.
 */
export function acquireAhead(session: Session, stateDir: string, owner: LockOwner): Attempt {
  const { host } = session.transport
  const result = session.prober.ahead(script(ACQUIRE, stateDir, JSON.stringify({ ...owner, host }), '0'))
  fallsWithSession(session, stateDir, owner.run)
  return {
    taken: () => {
      const answer = result()
      return answer?.code === 0 ? acquiredBy(answer.stdout) : undefined
    },
  }
}

const linesOf = (stdout: string): readonly string[] => stdout.split('\n').filter((line) => line !== '')

function acquiredBy(stdout: string): Acquired {
  const [word, ...lines] = linesOf(stdout)
  const pending = lines.map((line) => {
    const [play = '', handler = ''] = line.split('\t')
    return { play, handler }
  })
  return { stale: word === 'STALE', pending }
}

/**
 * Takes the lock on one host, and in the same round trip reads again what was read before it was held. One that is held
 * is said to `onHeld`, then waited for. Throws HactlError (exit 5) naming the holder, its age and `hactl unlock`.
 */
export async function acquire(
  session: Session,
  stateDir: string,
  owner: LockOwner,
  onHeld: (holder: LockOwner | undefined) => void = () => undefined,
): Promise<Acquired> {
  const { code, stdout, stderr } = await askLock(session, stateDir, owner, onHeld)
  const [word = '', holder] = linesOf(stdout)
  if (word === 'HELD') throw held(session.transport.host, holder, owner.run)
  if (code !== 0 || word === '') {
    const detail = stderr.trim()
    const summary = `${session.transport.host}: cannot write the lock in ${stateDir}`
    throw new HactlError(
      problem('lock/failed', summary, { detail, hint: 'connect as root or with become' }),
      EXIT.failed,
    )
  }
  return acquiredBy(stdout)
}

/** The lock's answer: at once, or after the wait for whoever holds it. */
async function askLock(
  session: Session,
  stateDir: string,
  owner: LockOwner,
  onHeld: (holder: LockOwner | undefined) => void,
): Promise<CommandResult> {
  const ask = async (patience: number): Promise<CommandResult> => {
    const named = JSON.stringify({ ...owner, host: session.transport.host })
    const command = script(ACQUIRE, stateDir, named, String(patience))
    const [result] = await session.prober.execute([command], undefined, session.prober.known())
    return result ?? { code: 1, stdout: '', stderr: '' }
  }
  const first = await ask(0)
  const [word, holder] = linesOf(first.stdout)
  if (word !== 'HELD') return first
  onHeld(parseOwner(holder))
  return ask(PATIENCE)
}

/** Our own run holds it already: it came to this machine under another name. */
const sameMachine = (host: string, other: string): HactlError =>
  new HactlError(
    problem(
      'refused/same-machine',
      `${host} and ${other} are one machine: the lock of this run is there already`,
      {
        on: { host },
        hint: `compare ansible_host and ansible_port of ${host} and ${other}; a machine has one name in an inventory`,
      },
    ),
    EXIT.refused,
  )

function held(host: string, line: string | undefined, run: string): HactlError {
  const owner = parseOwner(line)
  if (owner?.run === run) return sameMachine(host, owner.host ?? 'another host')
  const since = owner ? ` since ${owner.at}, by ${owner.by} from ${owner.from} (run ${owner.run})` : ''
  return new HactlError(
    problem('refused/locked', `${host} is locked by another run${since}`, {
      on: { host },
      hint: 'wait until it ends; if its controller is gone for good: hactl unlock INVENTORY',
    }),
    EXIT.refused,
  )
}

export function parseOwner(line: string | undefined): LockOwner | undefined {
  try {
    return JSON.parse(line ?? '') as LockOwner
  } catch {
    return undefined
  }
}

/** Gives the lock back; handlers still owed stay recorded. Never throws. */
export async function release(session: Session, stateDir: string, run: string): Promise<void> {
  await session.transport.batch([script(RELEASE, stateDir, `${run}"`)]).catch(() => undefined)
}

/**
 * The same at a good end, without waiting: the lock falls with the session, which ends soon. Everything that a plan will
 * ask is read once more, for the one that proves the run, unless it was read behind the last change.
 */
export async function readAndRelease(session: Session, stateDir: string, run: string): Promise<void> {
  const { prober } = session
  fallsWithSession(session, stateDir, run)
  if (prober.isComplete()) return
  await prober.execute([], undefined, prober.remembered()).catch(() => undefined)
}

/** Who holds the lock on a host; undefined when nobody does. */
export async function readLock(session: Session, stateDir: string): Promise<LockOwner | undefined> {
  const [result] = await session.transport.batch([
    script('{ read -r pid; cat; } < "$1/lock" 2>/dev/null; exit 0', stateDir),
  ])
  return parseOwner(result?.stdout)
}

/** Removes the lock whoever holds it. */
export async function forceRelease(session: Session, stateDir: string): Promise<void> {
  await session.transport.batch([script(RELEASE, stateDir, '')])
}

/** Records handlers before the step that makes them necessary, so that a killed run still owes them. */
export const pendingCommand = (
  stateDir: string | undefined,
  play: string,
  handlers: readonly string[],
): readonly Command[] =>
  stateDir === undefined || handlers.length === 0
    ? []
    : [
        script(
          'dir=$1; shift; mkdir -p -m 700 "$dir" && printf "%s\\n" "$@" >> "$dir/pending"',
          stateDir,
          ...handlers.map((handler) => `${play}\t${handler}`),
        ),
      ]

/** Forgets the handlers of a play on one host: they have run. */
export async function clearPending(
  session: Session,
  stateDir: string | undefined,
  play: string,
): Promise<void> {
  if (stateDir === undefined) return
  const keep = `f=$1/pending; [ -f "$f" ] || exit 0
awk -F '\\t' -v play="$2" '$1 != play' "$f" > "$f.new"; if [ -s "$f.new" ]; then mv "$f.new" "$f"; else rm -f "$f" "$f.new"; fi`
  await session.transport.batch([script(keep, stateDir, play)])
}
