import type { ConnectionSpec } from '../transport/transport.ts'

type FromArgs = Pick<ConnectionSpec, 'proxyCommand' | 'proxyJump' | 'knownHostsFiles' | 'privateKeyFile'>

export interface SshArgs {
  readonly spec: FromArgs
  /** Parts that hactl does not act on. */
  readonly ignored: readonly string[]
}

/**
 * What hactl understands of `ansible_ssh_common_args`: `-o ProxyCommand=…`, `-o ProxyJump=…`, `-J`,
 * `-o UserKnownHostsFile=…`, `-o IdentityFile=…` and `-i`. The rest is named, so that nobody believes it works.
 */
export function parseSshArgs(text: string): SshArgs {
  const words = splitWords(text)
  const spec: { -readonly [K in keyof FromArgs]: FromArgs[K] } = {}
  const ignored: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const glued = /^(-[oJi])(.+)$/.exec(word)
    const flag = glued?.[1] ?? word
    const value = glued?.[2] ?? (['-o', '-J', '-i'].includes(flag) ? words[++index] : undefined)
    if (value === undefined || !apply(spec, flag, value))
      ignored.push(value === undefined || glued ? word : `${flag} ${value}`)
  }
  return { spec, ignored }
}

function apply(spec: { -readonly [K in keyof FromArgs]: FromArgs[K] }, flag: string, value: string): boolean {
  if (flag === '-J') spec.proxyJump = value
  else if (flag === '-i') spec.privateKeyFile = value
  else if (flag === '-o') return applyOption(spec, value)
  else return false
  return true
}

function applyOption(spec: { -readonly [K in keyof FromArgs]: FromArgs[K] }, option: string): boolean {
  const match = /^\s*(\w+)\s*[= ]\s*(.*)$/s.exec(option)
  const value = match?.[2] ?? ''
  switch (match?.[1]?.toLowerCase()) {
    case 'proxycommand':
      spec.proxyCommand = value
      return true
    case 'proxyjump':
      spec.proxyJump = value
      return true
    case 'userknownhostsfile':
      spec.knownHostsFiles = splitWords(value)
      return true
    case 'identityfile':
      spec.privateKeyFile = value
      return true
    default:
      return false
  }
}

/** Splits like a shell does, without expansions: spaces, 'single', "double" quotes and backslashes. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  const pattern = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|([^\s'"\\]+)|(.)/gs
  for (const [, single, double, escaped, space, plain, stray] of text.matchAll(pattern)) {
    if (space !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    word =
      (word ?? '') + (single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? stray ?? '')
  }
  return word === undefined ? words : [...words, word]
}
