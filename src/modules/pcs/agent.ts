import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe } from '../../engine/probe.ts'
import { suggest } from '../../lib/suggest.ts'
import type { Wanted } from './patch.ts'
import { childOf, childrenOf, parseXml } from './xml.ts'

/** What an agent says about itself: its parameters, and which of them must be given. */
export type Agent =
  | { readonly kind: 'agent'; readonly names: readonly string[]; readonly required: readonly string[] }
  | { readonly kind: 'missing'; readonly why: string }
  /** Classes without parameters of their own: systemd, service, lsb. */
  | { readonly kind: 'plain' }

/** Reads an agent's metadata (XML, OCF resource agent API). */
export const parseAgent = (xml: string): Agent => {
  const parameters = childrenOf(childOf(parseXml(xml), 'parameters'), 'parameter')
  return {
    kind: 'agent',
    names: parameters.map(({ attrs }) => attrs['name'] ?? ''),
    required: parameters
      .filter(({ attrs, children }) => {
        const preset = children.some(({ name, attrs: at }) => name === 'content' && 'default' in at)
        return attrs['required'] === '1' && !preset
      })
      .map(({ attrs }) => attrs['name'] ?? ''),
  }
}

/** Asks the host for the metadata of an agent, `ocf:heartbeat:IPaddr2` or `stonith:fence_ipmilan`. */
export const readAgent = async (probe: Probe, type: string): Promise<Agent> => {
  if (!/^(ocf|stonith):/.test(type)) return { kind: 'plain' }
  const { code, stdout, stderr } = await probe.run(['crm_resource', '--show-metadata', type], {
    dependsOn: ['package:*', 'file:/usr/lib/ocf', 'file:/usr/sbin'],
  })
  return code === 0 ? parseAgent(stdout) : { kind: 'missing', why: stderr.trim() }
}

/** Words in the names of parameters whose values open a door. */
const SECRET = /passw(or)?d|secret|token|privkey|api_?key/i
const NOT_SECRET = /_script$|_file$|file$/i

/** Whether a parameter's value opens a door, judged by its name. */
export const isSecret = (name: string): boolean => SECRET.test(name) && !NOT_SECRET.test(name)

/** Throws when a parameter would put a secret into the CIB, which all members and tools can read. */
export const forbidSecrets = (owner: string, wanted: Wanted): void => {
  const name = Object.keys(wanted).find((key) => wanted[key] !== null && isSecret(key))
  if (name === undefined) return
  const summary = `"${name}" of ${owner} would stand in the cluster configuration in plain text`
  const hint = `fence agents read it from a program: write a 0700 file on every member and give ${name}_script: /path`
  throw new HactlError(problem('pcs/secret-in-cib', summary, { hint }), EXIT.refused)
}

/** Why an agent cannot be used with these parameters, checked before the cluster tries. Throws NotYet without one. */
export const refuseAgent = (agent: Agent, type: string, wanted: Wanted): Diagnostic | undefined => {
  if (agent.kind === 'plain') return undefined
  if (agent.kind === 'missing') {
    // An earlier task may install it.
    const [why] = agent.why.split('\n')
    throw new NotYet(
      `the agent ${type} is not on this host, or its name is wrong (see: pcs resource list): ${why}`,
    )
  }
  const given = Object.keys(wanted).filter((key) => wanted[key] !== null)
  const unknown = given.find((key) => !agent.names.includes(key) && !/^(pcmk|crm)_/i.test(key))
  if (unknown !== undefined) {
    const near = suggest(unknown, agent.names)
    return problem('pcs/unknown-parameter', `the agent ${type} has no parameter "${unknown}"`, {
      hint: near ? `did you mean "${near}"?` : `see: pcs resource describe ${type}`,
    })
  }
  const missing = agent.required.filter((key) => !given.includes(key))
  if (missing.length === 0 || type.startsWith('stonith:')) return undefined
  return problem('pcs/missing-parameter', `the agent ${type} needs ${missing.join(', ')}`, {
    hint: `see: pcs resource describe ${type}`,
  })
}
