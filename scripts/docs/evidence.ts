import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DrillResult } from '../../src/cluster/drill/result.ts'
import { drillMarkdown } from '../../src/report/drill/markdown.ts'

const RESULTS = resolve(import.meta.dirname, '../../docs/evidence/results')

/** A page for each result file of `docs/evidence/results/`: `NAME.json` → `NAME.md`. */
export const evidence = (): ReadonlyMap<string, string> => {
  const files = existsSync(RESULTS) ? readdirSync(RESULTS).filter((name) => name.endsWith('.json')) : []
  return new Map(
    files.map((file) => {
      const name = file.slice(0, -'.json'.length)
      const result = JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as DrillResult
      return [`${name}.md`, drillMarkdown(result, name.replaceAll('-', ' '))]
    }),
  )
}
