import { existsSync } from 'node:fs'
import type { HactlError } from '../diag/diagnostic.ts'
import { fingerprint, keyType, knownHostName } from './known-hosts.ts'
import type { Verdict } from './known-hosts.ts'
import { transportError } from './opener.ts'
import { CarrierError } from './socket.ts'
import type { Target } from './target.ts'

/** How far a connection had come. */
export type Phase = 'tcp' | 'greeting' | 'key-exchange' | 'login'

const place = (target: Target): string => `${target.address} port ${target.port}`

const TCP_CAUSES: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ECONNREFUSED: [
    'refused the connection',
    'check that sshd runs there and that the port is right (ansible_port)',
  ],
  EHOSTUNREACH: ['cannot be reached', 'check that the host is up and that the network leads there'],
  ENETUNREACH: ['cannot be reached', 'check that the network leads there'],
  ENOTFOUND: ['is not a known name', 'check ansible_host and the name service'],
  EAI_AGAIN: ['cannot be looked up now', 'check the name service'],
  ETIMEDOUT: ['does not answer', 'check that the host is up and that no firewall drops the port'],
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

/** Whether another attempt may help: sshd drops connections at random when many arrive at once. */
export const isReset = (error: Error, phase: Phase): boolean =>
  codeOf(error) === 'ECONNRESET' ||
  codeOf(error) === 'EPIPE' ||
  (phase === 'greeting' && /connection (?:was closed|lost)/i.test(error.message))

const levelOf = (error: Error): string =>
  'level' in error && typeof error.level === 'string' ? error.level : ''

/** The phase an error belongs to: the library reports a failed negotiation before it reports the handshake. */
export const phaseOf = (error: Error, phase: Phase): Phase =>
  levelOf(error) === 'handshake' && !/lost/i.test(error.message) ? 'key-exchange' : phase

/** Certificates that ssh would have used: named in ssh_config, or beside a key. */
const certificatesOf = ({ certificateFiles, identityFiles }: Target): string[] =>
  [
    ...new Set([
      ...certificateFiles,
      ...identityFiles.map((file) => `${file.replace(/\.pub$/, '')}-cert.pub`),
    ]),
  ].filter((file) => existsSync(file))

/** The diagnostic for a connection that did not come about. */
export function connectError(
  target: Target,
  error: Error,
  phase: Phase,
  tried: readonly string[],
): HactlError {
  const { host, user } = target
  if (levelOf(error) === 'client-authentication' || /too many authentication failures/i.test(error.message)) {
    return transportError('auth', host, `${host}: ${place(target)} refused to log ${user} in`, {
      detail: [
        tried.length > 0 ? `tried: ${tried.join(', ')}` : 'there was no key, agent or password to try',
        ...certificatesOf(target).map(
          (file) => `${file} was not tried: certificates are not supported (the SSH library has none)`,
        ),
      ].join('\n'),
      hint: `check ansible_user and ansible_ssh_private_key_file, or add the key to ${user}'s authorized_keys`,
    })
  }
  const cause = TCP_CAUSES[codeOf(error)]
  if (cause)
    return transportError('unreachable', host, `${host}: ${place(target)} ${cause[0]}`, { hint: cause[1] })
  if (error instanceof CarrierError)
    return transportError('unreachable', host, `${host}: ${error.message}`, {
      ...(error.said && { detail: error.said }),
      ...(error.hint && { hint: error.hint }),
    })
  const summary = {
    tcp: `${host}: no connection to ${place(target)}`,
    greeting: `${host}: ${place(target)} closed the connection before the SSH greeting`,
    'key-exchange': `${host}: SSH key exchange with ${place(target)} failed`,
    login: `${host}: ${place(target)} closed the connection during the login of ${user}`,
  }[phase]
  return transportError('unreachable', host, summary, {
    detail: error.message,
    ...(phase === 'greeting' && {
      hint:
        target.proxyCommand === undefined
          ? 'check the log of sshd there (MaxStartups, access rules)'
          : 'the ProxyCommand came to an end: try it by itself',
    }),
  })
}

/** The diagnostic for a connection that was not ready in time. */
export function deadlineError(target: Target, phase: Phase): HactlError {
  const summary = {
    tcp: 'does not answer',
    greeting: 'accepts connections but sends no SSH greeting',
    'key-exchange': 'did not finish the SSH key exchange',
    login: `did not finish the login of ${target.user}`,
  }[phase]
  return transportError(
    'unreachable',
    target.host,
    `${target.host}: ${place(target)} ${summary} (waited ${target.connectTimeoutMs / 1000} s)`,
    {
      hint:
        phase === 'tcp'
          ? 'check that the host is up and that no firewall drops the port'
          : 'check sshd on the host',
    },
  )
}

/** The diagnostic for a host key that is not trusted; undefined when it is. */
export function hostKeyError(
  target: Target,
  key: Buffer,
  verdict: Verdict,
  authority?: string,
): HactlError | undefined {
  const { host } = target
  const name = knownHostName(target.keyName, target.port)
  const shown = `${keyType(key)} ${fingerprint(key)}`
  switch (verdict.kind) {
    case 'known':
      return undefined
    case 'unknown':
      return transportError('host-key', host, `${host}: the host key of ${name} is not known: ${shown}`, {
        ...(authority !== undefined && {
          detail: `${authority} trusts an authority: certificates of hosts are not supported`,
        }),
        hint: `hactl trust ${host}`,
      })
    case 'other':
      return transportError(
        'host-key',
        host,
        `${host}: another key of ${name} is on record than the one it shows`,
        {
          detail: `recorded: ${verdict.known} (${verdict.at})\nshown:    ${shown}`,
          hint: `compare the key on the host's console; if it is right, delete the line ${verdict.at} and run: hactl trust ${host}`,
        },
      )
    case 'changed':
      return transportError('host-key', host, `${host}: the host key of ${name} has changed`, {
        detail: `recorded: ${verdict.known} (${verdict.at})\nshown:    ${shown}`,
        hint: `if the host was rebuilt, delete the line ${verdict.at} and run: hactl trust ${host}; if not, somebody may be listening`,
      })
    case 'revoked':
      return transportError(
        'host-key',
        host,
        `${host}: the host key of ${name} is revoked (${verdict.at}): ${shown}`,
        {
          hint: 'give the host a new key; a revoked one is never accepted',
        },
      )
  }
}
