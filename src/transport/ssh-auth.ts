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
  for (const file of files) {
    const key = (await readFile(`${file}.pub`, 'utf8').catch(() => '')).trim().split(/\s+/)[1]
    if (key !== undefined) wanted.add(key)
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
  const next = async (left: readonly string[] | null): Promise<AnyAuthMethod | undefined> => {
    for (;;) {
      const { done, value } = await source.next()
      if (done === true) return undefined
      if (left === null || left.includes(wireName(value))) return value
    }
  }
  return (left, _partial, answer) => {
    // ssh2 passes null before the first attempt, and takes false for "nothing left", which its types leave out.
    const done = answer as (method: AnyAuthMethod | false) => void
    const attempt = async (): Promise<void> => {
      try {
        done((await next(left as readonly string[] | null)) ?? false)
      } catch (error) {
        failed(error)
      }
    }
    void attempt()
  }
}
