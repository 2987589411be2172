import type { Cluster } from '../../inventory/inventory.ts'
import type { Problem } from '../status.ts'
import { commandsFor } from '../say.ts'
import type { CaseFile } from './case.ts'
import type { Catalog } from './catalog.ts'
import { CATALOG } from './codes.ts'
import { evidenceOf } from './evidence.ts'
import type { Diagnosis, Draft, Finding } from './finding.ts'
import { parseHost } from './parse.ts'
import { ranked } from './rank.ts'
import type { Reading } from './read.ts'
import { RULES } from './rules/index.ts'
import type { StackDoctor } from './site.ts'

const draftOf = (problem: Problem, file: CaseFile, doctor: StackDoctor): Draft => {
  const { severity, code, summary, detail, next, member } = problem
  return {
    severity: isNote(code) ? 'note' : severity,
    code,
    summary,
    evidence: [...evidenceOf(problem, file), ...(doctor.evidence?.(problem, file) ?? [])],
    ...(detail !== undefined && { detail }),
    ...(member !== undefined && { member }),
    ...(next !== undefined && { next: next.split('\n') }),
  }
}

/** Worth a line, but nothing is wrong with the cluster. */
const isNote = (code: string): boolean => code === 'data/aside'

const isTwin = (a: Draft, b: Draft): boolean =>
  a.code === b.code && (a.member === b.member || a.member === undefined || b.member === undefined)

/** The first's words with the evidence of both. */
function joined(first: Draft, second: Draft): Draft {
  const lines = new Set(first.evidence.map(({ host, source }) => `${host} ${source}`))
  const more = second.evidence.filter(({ host, source }) => !lines.has(`${host} ${source}`))
  return { ...second, ...first, evidence: [...first.evidence, ...more] }
}

/** Rules that say the same of one member are one finding: the deepest words, the evidence of all. */
const merged = (drafts: readonly Draft[]): readonly Draft[] =>
  drafts.reduce<readonly Draft[]>((kept, draft) => {
    const twin = kept.find((each) => isTwin(each, draft))
    return twin ? kept.map((each) => (each === twin ? joined(each, draft) : each)) : [...kept, draft]
  }, [])

/** The case as rules see it. Pure. */
export function caseOf(doctor: StackDoctor, cluster: Cluster, reading: Reading): CaseFile {
  const site = doctor.site(cluster)
  const status = doctor.judge(cluster, reading.hosts, reading.at)
  const hosts = new Map([...reading.hosts].map(([name, raw]) => [name, parseHost(name, raw)]))
  const say = commandsFor(cluster.where(['name'])?.file ?? 'INVENTORY')
  const leader = doctor.leader(status, reading.hosts, cluster)
  return {
    cluster,
    site,
    status,
    hosts,
    unread: reading.unread,
    at: reading.at,
    say,
    ...(leader !== undefined && { leader }),
  }
}

/** All codes a stack's doctor may say. */
export const catalogOf = (doctor: StackDoctor): Catalog => [...CATALOG, ...doctor.catalog]

const verdictOf = (findings: readonly Finding[], health: string): Diagnosis['verdict'] => {
  const worst = (finding: Finding): readonly string[] => [
    finding.severity,
    ...finding.consequences.flatMap(worst),
  ]
  const all = findings.flatMap(worst)
  if (all.includes('critical') || health === 'down') return 'broken'
  return all.includes('warning') ? 'warnings' : 'well'
}

/** The diagnosis of what was read. Pure: the same reading gives the same diagnosis. */
export function diagnose(doctor: StackDoctor, cluster: Cluster, reading: Reading): Diagnosis {
  const file = caseOf(doctor, cluster, reading)
  const { status, site } = file
  const isBare = status.problems.some(({ code }) => code === 'cluster/not-deployed')
  const rules = isBare ? [] : [...doctor.rules, ...RULES]
  const said = status.problems.map((problem) => draftOf(problem, file, doctor))
  const drafts = merged([...rules.flatMap((rule) => rule(file)), ...said])
  const findings = ranked(drafts, catalogOf(doctor), site)
  const wanted = doctor.hosts(cluster)
  return {
    cluster: cluster.name,
    stack: cluster.stack,
    verdict: verdictOf(findings, status.health),
    hosts: {
      read: wanted.filter((name) => file.hosts.has(name)),
      unread: wanted.filter((name) => !file.hosts.has(name)),
    },
    findings,
    at: reading.at,
  }
}
