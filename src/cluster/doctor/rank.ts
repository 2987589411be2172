import { explains } from './catalog.ts'
import type { Catalog, CodeEntry } from './catalog.ts'
import type { Draft, Finding, Severity } from './finding.ts'
import { judged } from './risk.ts'
import type { DoctorSite } from './site.ts'

const WEIGHT: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, note: 2 }

interface Placed {
  readonly draft: Draft
  readonly entry: CodeEntry | undefined
  readonly rank: number
}

/** Codes that no catalog has come last; a test sees to it that there are none. */
const place = (draft: Draft, catalog: Catalog): Placed => {
  const entry = catalog.find(({ code }) => code === draft.code)
  return { draft, entry, rank: entry?.rank ?? 99 }
}

/** The nearest to the root of all that explain a finding; undefined when it is a root itself. */
function causeOf(placed: Placed, all: readonly Placed[]): Placed | undefined {
  return all
    .filter((other) => other !== placed && other.rank < placed.rank)
    .filter((other) => other.draft.severity !== 'note' && explains(other.entry, other.draft, placed.draft))
    .toSorted((a, b) => a.rank - b.rank)
    .at(0)
}

function rootOf(placed: Placed, all: readonly Placed[]): Placed {
  const cause = causeOf(placed, all)
  return cause ? rootOf(cause, all) : placed
}

const bare = ({ next, ...draft }: Draft, site: DoctorSite): Finding => ({
  ...draft,
  next: [...new Set(next ?? [])].map((command) => judged(command, site)),
  consequences: [],
})

const weightOf = (finding: Finding): number =>
  Math.min(WEIGHT[finding.severity], ...finding.consequences.map(weightOf))

/** Root causes, the most important first, with what they explain below them. Pure. */
export function ranked(drafts: readonly Draft[], catalog: Catalog, site: DoctorSite): readonly Finding[] {
  const all = drafts.map((draft) => place(draft, catalog))
  const rooted = all.map((placed) => ({ placed, root: rootOf(placed, all) }))
  return rooted
    .filter(({ placed, root }) => root === placed)
    .map(({ root }) => ({
      rank: root.rank,
      finding: {
        ...bare(root.draft, site),
        consequences: rooted
          .filter((each) => each.root === root && each.placed !== root)
          .toSorted((a, b) => a.placed.rank - b.placed.rank)
          .map(({ placed }) => bare(placed.draft, site)),
      },
    }))
    .toSorted((a, b) => weightOf(a.finding) - weightOf(b.finding) || a.rank - b.rank)
    .map(({ finding }) => finding)
}
