import { readFile } from 'node:fs/promises'
import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent, ParsedKey } from 'ssh2'
import type { Text } from '../lib/secret.ts'
import { reveal } from '../lib/secret.ts'
import type { Ask, KeyRing, Ssh2 } from './key-ring.ts'
import type { Target } from './target.ts'

export interface AuthContext {
  readonly ssh2: Ssh2
  readonly target: Target
  readonly password: Text | undefined
  readonly ask: Ask | undefined
  readonly keys: KeyRing
  /** Collects what was tried or could not be, for the message when nothing is left. */
  readonly tried: string[]
}

const PASSWORD_TRIES = 3

/** An agent that offers only the keys that belong to the target's files (`IdentitiesOnly`). */
async function filteredAgent(
  ssh2: Ssh2,
  socket: string,
  files: readonly string[],
): Promise<BaseAgent | undefined> {
  const wanted = new Set<string>()
  for (const path of files.flatMap((file) => (file.endsWith('.pub') ? [file] : [`${file}.pub`, file]))) {
    const [type, key] = (await readFile(path, 'utf8').catch(() => '')).trim().split(/\s+/)
    if (key !== undefined && type?.startsWith('-') !== true) wanted.add(key)
  }
  if (wanted.size === 0) return undefined
  class FilteredAgent extends ssh2.OpenSSHAgent {
    override getIdentities(callback: (error?: Error | null, keys?: ParsedKey[]) => void): void {
      super.getIdentities((error, keys) => {
        const own = (keys ?? []).filter((key): key is ParsedKey => {
          const parsed = ssh2.utils.parseKey(key as unknown as Buffer)
          const first = Array.isArray(parsed) ? parsed[0] : parsed
          return (
            first !== undefined &&
            !(first instanceof Error) &&
            wanted.has(first.getPublicSSH().toString('base64'))
          )
        })
        callback(error, own)
      })
    }
  }
  return new FilteredAgent(socket)
}

async function* keyFiles(context: AuthContext, wanted: 'open' | 'locked'): AsyncGenerator<AnyAuthMethod> {
  const { ssh2, target, keys, ask, tried } = context
  for (const path of target.identityFiles) {
    let file = await keys.load(ssh2, path)
    if (wanted === 'locked') {
      if (file.kind !== 'locked') continue
      file = await keys.unlock(ssh2, path, file.data, ask)
    } else if (file.kind === 'locked') continue
    if (file.kind === 'public' && target.agent === undefined)
      tried.push(`${path}: it is a public key and there is no agent`)
    if (file.kind === 'bad') tried.push(`${path}: ${file.why}`)
    if (file.kind === 'missing' && target.identitiesGiven) tried.push(`${path}: no such file`)
    if (file.kind !== 'key') continue
    tried.push(path)
    yield { type: 'publickey', username: target.user, key: file.key as unknown as Buffer }
  }
}

async function* agentKeys(context: AuthContext): AsyncGenerator<AnyAuthMethod> {
  const { ssh2, target, tried } = context
  if (target.agent === undefined) return
  const agent = target.identitiesOnly
    ? await filteredAgent(ssh2, target.agent, target.identityFiles)
    : target.agent
  if (agent === undefined) return
  tried.push('ssh-agent')
  yield { type: 'agent', username: target.user, agent }
}

async function* passwords({ target, password, ask, tried }: AuthContext): AsyncGenerator<AnyAuthMethod> {
  const { user, host } = target
  const username = user
  if (password !== undefined) {
    tried.push('password')
    yield { type: 'password', username, password: reveal(password) }
  }
  if (password !== undefined || ask) {
    yield {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        void answerPrompts(prompts, password, ask).then(finish, () => finish([]))
      },
    }
  }
  if (password !== undefined || !ask) return
  for (let attempt = 0; attempt < PASSWORD_TRIES; attempt++) {
    tried.push('password')
    yield { type: 'password', username, password: reveal(await ask(`Password of ${user}@${host}: `)) }
  }
}

interface Prompt {
  readonly prompt: string
  readonly echo?: boolean
}

async function answerPrompts(
  prompts: readonly Prompt[],
  password: Text | undefined,
  ask: Ask | undefined,
): Promise<string[]> {
  const answers: string[] = []
  for (const { prompt, echo } of prompts) {
    if (password !== undefined && echo !== true) answers.push(reveal(password))
    else answers.push(ask ? reveal(await ask(prompt)) : '')
  }
  return answers
}

/**
 * Unencrypted keys the user named, the agent, keys that need a passphrase, passwords. Keys at their default
 * places come after the agent, as nobody asked for them.
 */
async function* methods(context: AuthContext): AsyncGenerator<AnyAuthMethod> {
  const given = context.target.identitiesGiven
  if (given) yield* keyFiles(context, 'open')
  yield* agentKeys(context)
  if (!given) yield* keyFiles(context, 'open')
  yield* keyFiles(context, 'locked')
  yield* passwords(context)
}

const wireName = (method: AnyAuthMethod): string => (method.type === 'agent' ? 'publickey' : method.type)

/** ssh2's authHandler: exactly the configured methods, no "none", and none the server does not take. */
export function authHandler(context: AuthContext, failed: (error: unknown) => void): AuthHandlerMiddleware {
  const source = methods(context)
  /** What was found so far, in order; a server that wants several methods gets refused ones once more. */
  const found: AnyAuthMethod[] = []
  const accepted = new Set<AnyAuthMethod>()
  let refused = new Set<AnyAuthMethod>()
  let last: AnyAuthMethod | undefined
  const fits = (method: AnyAuthMethod, left: readonly string[] | null): boolean =>
    !accepted.has(method) && !refused.has(method) && (left === null || left.includes(wireName(method)))
  const next = async (left: readonly string[] | null): Promise<AnyAuthMethod | undefined> => {
    const again = found.find((method) => fits(method, left))
    if (again) return again
    for (;;) {
      const { done, value } = await source.next()
      if (done === true) return undefined
      found.push(value)
      if (fits(value, left)) return value
    }
  }
  const settle = (partial: boolean | null): void => {
    if (last === undefined) return
    if (partial === true) {
      accepted.add(last)
      refused = new Set()
    } else refused.add(last)
  }
  return (left, partial, answer) => {
    // ssh2 passes null before the first attempt, and takes false for "nothing left", which its types leave out.
    const done = answer as (method: AnyAuthMethod | false) => void
    const attempt = async (): Promise<void> => {
      try {
        settle(partial)
        last = await next(left as readonly string[] | null)
        done(last ?? false)
      } catch (error) {
        failed(error)
      }
    }
    void attempt()
  }
}
