import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Diagnostic } from '../../../src/diag/diagnostic.ts'
import { HactlError } from '../../../src/diag/diagnostic.ts'
import { renderDiagnostics, sortDiagnostics } from '../../../src/diag/render.ts'
import { loadPlaybook } from '../../../src/engine/playbook.ts'
import { loadInventory } from '../../../src/inventory/load.ts'
import { matchHosts } from '../../../src/inventory/pattern.ts'
import { REGISTRY } from '../../../src/modules/index.ts'
import { parseYaml } from '../../../src/schema/yaml.ts'
import { STACKS } from '../../../src/stacks/index.ts'
import { createTemplates } from '../../../src/template/template.ts'

/**
 * One file a case: what the user wrote (`files`, written to a folder), what it is read as (`kind`), and every
 * diagnostic expected, in order: code, place, a part of the hint, `severity` when it is a warning. Set HACTL_RECORD=1
 * to print what a case gives now.
 */
interface Case {
  readonly about: string
  readonly kind: 'inventory' | 'pattern' | 'playbook' | 'template'
  readonly files: Readonly<Record<string, string>>
  readonly pattern?: string
  readonly scope?: Readonly<Record<string, unknown>>
  readonly expect: readonly Expected[]
}
interface Expected {
  readonly code: string
  readonly at?: string
  readonly hint: string
  readonly severity?: 'warning'
}

const root = mkdtempSync(join(tmpdir(), 'hactl-bad-'))
afterAll(() => rmSync(root, { recursive: true }))

async function run(bad: Case, dir: string): Promise<readonly Diagnostic[]> {
  switch (bad.kind) {
    case 'inventory': {
      const secrets = { env: {} }
      return (await loadInventory(dir, { stacks: STACKS, secrets })).diagnostics
    }
    case 'pattern': {
      const { inventory, diagnostics } = await loadInventory(dir, { stacks: STACKS })
      return [...diagnostics, ...matchHosts(inventory, bad.pattern ?? 'all').diagnostics]
    }
    case 'playbook':
      return caught(() => loadPlaybook(join(dir, 'playbook.yml'), REGISTRY))
    case 'template': {
      const [name = '', text = ''] = Object.entries(bad.files)[0] ?? []
      const origin = { file: join(dir, name), line: 1, col: 1 }
      return caught(() => createTemplates().render(text, bad.scope ?? {}, origin))
    }
  }
}

function caught(action: () => unknown): readonly Diagnostic[] {
  try {
    action()
    return []
  } catch (error) {
    if (error instanceof HactlError) return error.diagnostics
    throw error
  }
}

const cases = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yml'))

test('there are at least 40 cases', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40)
})

test.each(cases)('%s', async (name) => {
  const file = join(import.meta.dirname, name)
  const yaml = parseYaml(readFileSync(file, 'utf8'), file)
  expect(yaml.diagnostics).toEqual([])
  const bad = yaml.data as Case
  const dir = join(root, name)
  for (const [path, text] of Object.entries(bad.files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const found = sortDiagnostics(await run(bad, dir))
  const short = found.map(({ code, at, severity }) => ({
    code,
    ...(at && { at: `${relative(dir, at.file)}:${at.line}:${at.col}` }),
    ...(severity === 'warning' && { severity }),
  }))
  if (process.env['HACTL_RECORD']) {
    console.log(
      `=== ${name} ${JSON.stringify(short.map((each, index) => ({ ...each, hint: found[index]?.hint })))}\n${renderDiagnostics(found).replaceAll(`${dir}/`, '')}`,
    )
    return
  }
  expect(short).toEqual(bad.expect.map(({ hint: _hint, ...rest }) => rest))
  for (const [index, { hint }] of bad.expect.entries()) expect(found[index]?.hint).toContain(hint)
})
