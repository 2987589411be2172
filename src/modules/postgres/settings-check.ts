import type { Probe } from '../../engine/probe.ts'
import type { Installation } from './installation.ts'

/** Options that keep the program's answer readable, whatever the settings say of its log. */
const PLAIN_ANSWER = [
  'lc_messages=C',
  'log_line_prefix=',
  'log_destination=stderr',
  'log_min_messages=warning',
]

/** Asks the server's program: it knows every name and value of its version, and starts nothing for `-C`. */
export async function rejection(
  probe: Probe,
  { binDir }: Installation,
  account: string,
  wanted: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (binDir === undefined) return undefined
  const settings = [...Object.entries(wanted).map(([name, value]) => `${name}=${value}`), ...PLAIN_ANSWER]
  const { code, stderr } = await probe.run(
    [
      `${binDir}/postgres`,
      '-D',
      '/',
      '-c',
      'config_file=/dev/null',
      ...settings.flatMap((each) => ['-c', each]),
      '-C',
      'port',
    ],
    { as: account, dependsOn: ['package:*'], timeoutMs: 20_000 },
  )
  if (code === 0) return undefined
  const messages = [...stderr.matchAll(/(?:FATAL|ERROR|HINT|DETAIL): {1,2}(.*)/g)].map((match) => match[1])
  return messages.join('\n') || stderr.trim() || `exit code ${code}`
}
