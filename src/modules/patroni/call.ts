import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import { reveal, Secret } from '../../lib/secret.ts'
import { trust, urlOf } from './rest.ts'
import type { Rest } from './rest.ts'

/**
 * One call: curl's configuration with the password is on standard input, the last line of the answer is its status;
 * anything but 2xx fails with what Patroni said. Then, for at most $4 seconds, until `read`: GET answers what the call
 * answered (members see a new configuration at their next loop); `restarted`: PostgreSQL runs, and has another start
 * time than before.
 */
const SCRIPT = `url=$1 method=$2 until=$3 seconds=$4; shift 4
config=$(cat)
get() { curl -s --noproxy '*' --max-time 5 "$@"; }
start() { sed -n 's/.*"postmaster_start_time": "\\([^"]*\\)".*/\\1/p'; }
[ "$until" != restarted ] || before=$(get "$@" "\${url%/*}/patroni" | start)
out=$(printf '%s\\n' "$config" | curl -sS --noproxy '*' --max-time "$seconds" -X "$method" -w '\\n%{http_code}' -K - "$@" "$url") || exit
code=\${out##*
} body=\${out%
*}
case $code in 2??) printf '%s\\n' "$body" ;; *) echo "Patroni answers $code: $body" >&2; exit 1 ;; esac
[ "$until" != nothing ] || exit 0
end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt "$end" ]; do
  if [ "$until" = read ]; then
    [ "$(get "$@" "$url")" != "$body" ] || exit 0
  else
    now=$(get "$@" "\${url%/*}/patroni")
    case $now in *'"state": "running"'*) [ "$(printf '%s' "$now" | start)" = "$before" ] || exit 0 ;; esac
  fi
  sleep 0.2
done
echo "Patroni did not carry it out within $seconds s" >&2
exit 1`

export interface Call {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Sent as JSON; secrets in it are sent in plain. */
  readonly body?: unknown
  readonly impact: NonNullable<RunStep['impact']>
  /** What is waited for after a good answer; default `nothing`. */
  readonly until?: 'nothing' | 'read' | 'restarted'
  /** Longest time for the answer, and again for what is waited for. */
  readonly seconds: number
}

/** Plain values of everything inside, for what leaves hactl. `toJSON` of a secret comes too early for a replacer. */
const unveiled = (value: unknown): unknown => {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(unveiled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unveiled(each)]))
}

/** A value in a configuration file of curl: backslashes and quotes escaped. */
const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** A step that asks Patroni on this host for something, with the password on standard input. */
export function call(rest: Rest, { method, path, body, impact, until = 'nothing', seconds }: Call): RunStep {
  const login = rest.user === '' ? [] : [`user = ${quoted(`${rest.user}:${reveal(rest.password ?? '')}`)}`]
  const data =
    body === undefined
      ? []
      : [
          'header = "Content-Type: application/json"',
          `data-binary = ${quoted(JSON.stringify(unveiled(body)))}`,
        ]
  return runWith(
    {
      stdin: new Secret([...login, ...data].map((line) => `${line}\n`).join('')),
      impact,
      timeoutMs: (2 * seconds + 30) * 1000,
    },
    'sh',
    '-c',
    SCRIPT,
    'patroni-call',
    urlOf(rest, path),
    method,
    until,
    String(seconds),
    ...trust(rest),
  )
}
