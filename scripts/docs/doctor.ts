import type { CodeEntry } from '../../src/cluster/doctor/catalog.ts'
import { catalogOf } from '../../src/cluster/doctor/diagnose.ts'
import { STACKS } from '../../src/stacks/index.ts'

const WIDTH = 120

/** Words in lines of at most WIDTH characters, the later ones indented. */
function wrap(text: string, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const isFull = line !== '' && `${line} ${word}`.length > WIDTH
    if (isFull) lines.push(line)
    line = isFull ? `${indent}${word}` : line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}

const entry = ({ code, about, cure }: CodeEntry): string =>
  `${wrap(`- \`${code}\`: ${about}`, '  ')}\n${wrap(`  _Mended by:_ ${cure}`, '  ')}`

const section = (title: string, entries: readonly CodeEntry[]): string =>
  `## ${title}\n\n${entries
    .toSorted((a, b) => (a.code < b.code ? -1 : 1))
    .map(entry)
    .join('\n')}\n`

/** The page of all codes of the doctor: those of every stack, then those of each. */
export function doctorDocs(): ReadonlyMap<string, string> {
  const all = STACKS.flatMap(({ name, doctor }) => (doctor ? [[name, catalogOf(doctor)] as const] : []))
  const isCommon = ({ code }: CodeEntry): boolean =>
    all.every(([, catalog]) => catalog.some((each) => each.code === code))
  const common = (all[0]?.[1] ?? []).filter(isCommon)
  const sections = [
    section('Of every stack', common),
    ...all.map(([name, catalog]) =>
      section(
        `Of the stack ${name}`,
        catalog.filter((each) => !isCommon(each)),
      ),
    ),
  ]
  const head =
    '# Codes of hactl doctor\n\nMade from the catalog by `npm run docs`. What the doctor does: [doctor.md](../doctor.md).\n'
  return new Map([['codes.md', [head, ...sections].join('\n')]])
}
