import { EXIT, HactlError, problem } from '../diag/diagnostic.ts'
import type { Command } from '../transport/transport.ts'
import type { Session } from './context.ts'

/** Who holds the lock of a cluster on a host. */
export interface LockOwner {
  readonly run: string
  readonly by: string
  readonly from: string
  readonly at: string
}

/** Where a run keeps its lock and the handlers it still owes, on every host of the cluster. */
export const stateDirOf = (cluster: string): string =>
  `/run/hactl/${cluster.replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`

/**
 * `mkdir` is the atomic test-and-set. The owner's remote shell is recorded: when that process is gone (the
 * controller died, the connection broke) the lock is stale and taken over. Start time guards against a reused pid.
 * A held lock is waited for a few seconds, because a session whose controller was killed takes a moment to end; a
 * lock without a pid is being taken right now.
 */
const ACQUIRE = `
dir=$1 owner=$2 n=0 word=TAKEN
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  [ -d "$dir/lock" ] || return 1
  [ -s "$dir/lock/pid" ] || { [ $n -lt 20 ]; return; }
  read -r pid start < "$dir/lock/pid" && [ -n "$start" ] && [ "$(started "$pid")" = "$start" ]
} 2>/dev/null
# One at a time may replace a dead lock, and looks once more before it does.
take_over() {
  mkdir "$dir/taking" || return 1
  if alive; then rmdir "$dir/taking"; return 1; fi
  word=TAKEN
  mv "$dir/lock" "$dir/stale.$$" && rm -rf "$dir/stale.$$" && word=STALE
  mkdir "$dir/lock" || { rmdir "$dir/taking"; return 1; }
} 2>/dev/null
mkdir -p -m 700 "$dir" || exit 1
taking=
if ! mkdir "$dir/lock" 2>/dev/null; then
  until ! alive && take_over; do
    [ $n -lt 50 ] || { echo HELD; cat "$dir/lock/owner"; exit 3; }
    sleep 0.1 || sleep 1
    n=$((n+1))
    # Whoever was replacing it for that long is dead too.
    [ $n = 40 ] && rmdir "$dir/taking" 2>/dev/null
  done
  taking=1
fi
printf '%s %s\\n' "$HACTL_SESSION_PID" "$(started "$HACTL_SESSION_PID")" > "$dir/lock/pid"
printf '%s\\n' "$owner" > "$dir/lock/owner"
[ -z "$taking" ] || rmdir "$dir/taking"
echo $word
cat "$dir/pending" 2>/dev/null
exit 0`

/** Only the run that owns the lock may remove it; without a run, whoever owns it. */
const RELEASE = String.raw`grep -qsF "\"run\":\"$2" "$1/lock/owner" && rm -rf "$1/lock"; rmdir "$1" 2>/dev/null; exit 0`

const script = (text: string, ...args: readonly string[]): Command => ({
  argv: ['sh', '-c', text, 'hactl-lock', ...args],
})

export interface Acquired {
  /** An earlier run died while it held the lock. */
  readonly stale: boolean
  /** Handlers that run still owed: play and handler name. */
  readonly pending: readonly { readonly play: string; readonly handler: string }[]
}

/**
 * Takes the lock on one host, and in the same round trip reads again what was read before it was held. Throws
 * HactlError (exit 5) naming the holder, its age and `hactl unlock`.
 */
export async function acquire(session: Session, stateDir: string, owner: LockOwner): Promise<Acquired> {
  const command = script(ACQUIRE, stateDir, JSON.stringify(owner))
  const [result] = await session.prober.execute([command], undefined, session.prober.known())
  const [word = '', ...lines] = (result?.stdout ?? '').split('\n').filter((line) => line !== '')
  if (word === 'HELD') throw held(session.transport.host, lines[0])
  if (result?.code !== 0 || word === '') {
    const detail = result?.stderr.trim() ?? ''
    const summary = `${session.transport.host}: cannot write the lock in ${stateDir}`
    throw new HactlError(
      problem('lock/failed', summary, { detail, hint: 'connect as root or with become' }),
      EXIT.failed,
    )
  }
  const pending = lines.map((line) => {
    const [play = '', handler = ''] = line.split('\t')
    return { play, handler }
  })
  return { stale: word === 'STALE', pending }
}

function held(host: string, line: string | undefined): HactlError {
  const owner = parseOwner(line)
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
 * The same at a good end: all that a plan will ask is read again in this round trip, for the one that proves the run.
 * When that was read behind the last change already, the plan need not wait for the unlocking; closing the host does.
 */
export async function releaseAndRead(session: Session, stateDir: string, run: string): Promise<void> {
  if (session.prober.isComplete()) {
    session.unlocking = release(session, stateDir, run)
    return
  }
  const command = script(RELEASE, stateDir, `${run}"`)
  await session.prober
    .execute([command], undefined, session.prober.remembered())
    .catch(() => release(session, stateDir, run))
}

/** Who holds the lock on a host; undefined when nobody does. */
export async function readLock(session: Session, stateDir: string): Promise<LockOwner | undefined> {
  const [result] = await session.transport.batch([
    script('cat "$1/lock/owner" 2>/dev/null; exit 0', stateDir),
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
