import { randomBytes } from 'node:crypto'
import type { HactlError } from '../diag/diagnostic.ts'
import { quote } from '../lib/quote.ts'
import { transportError } from './opener.ts'
import type { Ending } from './opener.ts'

/** How the runner's shell is started. `prompt` and `ready` are set when sudo gets a password. */
export interface Launch {
  readonly line: string
  readonly prompt?: string
  /** The shell under sudo prints it once sudo is passed; frames must not be sent before. */
  readonly ready?: string
}

/** Quotes a shell word so that POSIX shells, fish and csh read it alike; the text holds no `'`, `\`, `!` or newline. */
const word = (text: string): string => `'${text}'`

/** The exec request of a session without sudo, or with a sudo that asks for nothing. */
export function launch(boot: string, becomeUser: string | undefined): Launch {
  if (becomeUser === undefined) return { line: `exec sh -c ${word(boot)}` }
  return { line: `exec sudo -n ${asUser(becomeUser)}sh -c ${word(boot)}` }
}

/**
 * The same with a password on standard input. `-k`: a cached ticket must not make sudo skip the question.
 * The shell skips lines until the mark, because sudo does not read the password of an account it lets in without.
 */
export function launchWithPassword(boot: string, becomeUser: string): Launch {
  const prompt = `hactl-${randomBytes(6).toString('hex')}:`
  const ready = `ready-${randomBytes(6).toString('hex')}`
  const skip = `echo ${ready};while read -r l;do [ "$l" = ${ready} ]&&break;done;${boot}`
  return { line: `exec sudo -k -S -p ${prompt} ${asUser(becomeUser)}sh -c ${word(skip)}`, prompt, ready }
}

const asUser = (user: string): string => (user === 'root' ? '' : `-u ${quote(user)} `)

/** sudo would have let us in with a password. */
export const needsPassword = (said: string): boolean =>
  /sudo: a password is required|no tty present and no askpass|a terminal is required to read the password/.test(
    said,
  )

const SUDO_CAUSES: readonly (readonly [RegExp, (user: string) => { summary: string; hint: string }])[] = [
  [
    /must have a tty to run sudo/,
    () => ({
      summary: 'sudo wants a terminal (requiretty)',
      hint: 'write "Defaults !requiretty" in /etc/sudoers on the host',
    }),
  ],
  [
    /Sorry, try again|incorrect password attempt/,
    () => ({ summary: 'sudo refused the password', hint: 'check ansible_become_password' }),
  ],
  [
    /is not in the sudoers file|is not allowed to (?:run|execute)|may not run sudo/,
    (user) => ({
      summary: `sudo does not allow ${user} to become another user`,
      hint: 'add a sudoers rule on the host, or use an account that may',
    }),
  ],
  [
    /sudo: (?:command )?not found|sudo: Unknown command|sudo: No such file|exec: sudo/i,
    () => ({ summary: 'sudo is not installed', hint: 'install sudo on the host, or connect as root' }),
  ],
]

/** The diagnostic when sudo did not start the runner; undefined when something else went wrong. */
export function sudoError(host: string, user: string, ending: Ending): HactlError | undefined {
  const detail = ending.said.trim()
  for (const [pattern, cause] of SUDO_CAUSES) {
    if (!pattern.test(ending.said)) continue
    const { summary, hint } = cause(user)
    return transportError('sudo', host, `${host}: ${summary}`, { detail, hint })
  }
  if (needsPassword(ending.said)) {
    return transportError('sudo', host, `${host}: sudo asks for the password of ${user}`, {
      detail,
      hint: 'set ansible_become_password, or allow sudo without a password (NOPASSWD)',
    })
  }
  if (/^sudo:/m.test(ending.said)) return transportError('sudo', host, `${host}: sudo failed`, { detail })
  return undefined
}

/** The diagnostic when the remote shell ended although nobody asked it to. */
export function shellError(host: string, user: string, ending: Ending): HactlError {
  const how =
    ending.signal === undefined ? `exit code ${ending.code ?? 'unknown'}` : `signal ${ending.signal}`
  const detail = ending.said.trim()
  return transportError(
    'shell',
    host,
    ending.started
      ? `${host}: the remote shell ended (${how})`
      : `${host}: the login shell of ${user} ended before it ran anything (${how})`,
    {
      ...(detail && { detail }),
      ...(!ending.started && {
        hint: `give ${user} a login shell (chsh), or use another account (ansible_user)`,
      }),
    },
  )
}
