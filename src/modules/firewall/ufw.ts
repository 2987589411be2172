import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { RunStep } from '../../engine/step.ts'
import { text } from '../readings/text.ts'
import { portsOf } from './opening.ts'
import type { Opening, Presence } from './opening.ts'

const FILES = [
  '/etc/ufw/ufw.conf',
  '/etc/default/ufw',
  '/etc/ufw/user.rules',
  '/etc/ufw/user6.rules',
] as const

/** ufw's own configuration: it reads its rules back from the `### tuple ###` lines of its files. */
export interface Ufw {
  readonly active: boolean
  readonly ipv6: boolean
  readonly rules4: string
  readonly rules6: string
}

const isYes = (file: string, key: string): boolean => new RegExp(`^\\s*${key}=["']?yes\\b`, 'im').test(file)

/** Reads ufw's files. The unit is no measure: it is active on hosts where ufw has never been enabled. */
export async function readUfw(probe: Probe): Promise<Ufw> {
  const found = await Promise.all(FILES.map((path) => probe.ask(text, path)))
  const [conf = '', defaults = '', rules4 = '', rules6 = ''] = found.map((file) =>
    file.kind === 'text' ? file.text : '',
  )
  return { active: isYes(conf, 'ENABLED'), ipv6: isYes(defaults, 'IPV6'), rules4, rules6 }
}

/** The actions of the rules for exactly these ports and this source, on any interface. */
function actionsOf(rules: string, { protocol, source, ...range }: Opening, anywhere: string): string[] {
  const wanted = `${protocol} ${portsOf(range as Opening, ':')} ${anywhere} any ${source ?? anywhere} in`
  return rules.split('\n').flatMap((line) => {
    const [, action, rule] = /^### tuple ### (\S+) (.*?)(?: comment=\S*)?$/.exec(line.trim()) ?? []
    return action !== undefined && rule === wanted ? [action] : []
  })
}

/** A `limit` rule opens too, but is not ours to take away. */
function presence(actions: readonly string[], gone: boolean): Presence {
  if (gone) return actions.includes('allow') ? 'present' : 'absent'
  if (actions.some((action) => /^(deny|reject)/.test(action))) return 'denied'
  return actions.some((action) => /^(allow|limit)/.test(action)) ? 'present' : 'absent'
}

/** What ufw has of some openings; one from anywhere is there when both IP versions have it. */
export function ufwPresence(
  { ipv6, rules4, rules6 }: Ufw,
  openings: readonly Opening[],
  gone: boolean,
): Record<string, Presence> {
  const find = (opening: Opening): Presence => {
    const inFour = presence(actionsOf(rules4, opening, '0.0.0.0/0'), gone)
    const inSix = presence(actionsOf(rules6, opening, '::/0'), gone)
    if (opening.source !== undefined) return opening.source.includes(':') ? inSix : inFour
    if (!ipv6 || inFour === inSix) return inFour
    if (inFour === 'denied' || inSix === 'denied') return 'denied'
    return gone ? 'present' : 'absent'
  }
  return Object.fromEntries(openings.map((opening) => [opening.key, find(opening)]))
}

/** Adds or removes allow rules; new ones come last, so a wider rule of the user's own before them wins. */
export const ufwSteps = (
  openings: readonly Opening[],
  wanted: 'present' | 'absent',
  comment: string | undefined,
): readonly RunStep[] =>
  openings.map((opening) => {
    const rule = ['proto', opening.protocol, 'from', opening.source ?? 'any', 'to', 'any', 'port']
    const verb = wanted === 'present' ? ['allow'] : ['delete', 'allow']
    const note = wanted === 'present' && comment !== undefined ? ['comment', comment] : []
    return runWith({ timeoutMs: 120_000 }, 'ufw', ...verb, ...rule, portsOf(opening, ':'), ...note)
  })
