/**
 * Many connections in one process: CPU and memory of each, against an OpenSSH server that is started on loopback
 * for it. Each is opened, carries one command and stays open until all are.
 *
 *   npm run bench:connections -- [--count 300] [--runs 3]
 *
 * Needs root (the server) and a built hactl. The measured process is plain Node.js with the compiled code, as users run it:
 * a loader of sources costs a third more.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startSshd } from '../../test/host/ssh/sshd.ts'
import type { Measured, Wanted } from './measure.ts'

const LIMIT = 500

const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '300' }, runs: { type: 'string', default: '3' } },
})
const count = Math.min(Number(options.count), LIMIT)
const esbuild = createRequire(import.meta.url)('esbuild') as {
  transformSync(text: string, options: object): { readonly code: string }
}

const dir = mkdtempSync(join(tmpdir(), 'hactl-connections-'))
const sshd = await startSshd(['MaxStartups 200', 'LogLevel ERROR'])
try {
  const program = join(dir, 'measure.mjs')
  const source = readFileSync(join(import.meta.dirname, 'measure.ts'), 'utf8')
  writeFileSync(program, esbuild.transformSync(source, { loader: 'ts', format: 'esm' }).code)
  const wanted: Wanted = {
    spec: sshd.spec({ connectTimeoutMs: 60_000 }),
    count,
    dist: resolve(import.meta.dirname, '../../dist'),
  }
  console.log(
    '| connections | wall s | CPU ms each | of it in the kernel | memory MiB each | memory MiB in all |',
  )
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (let run = 0; run < Number(options.runs); run++) {
    const text = execFileSync(process.execPath, [program, JSON.stringify(wanted)], { encoding: 'utf8' })
    const { wallS, userMs, systemMs, grownMiB, allMiB } = JSON.parse(text) as Measured
    const cells = [
      count,
      wallS.toFixed(1),
      ((userMs + systemMs) / count).toFixed(1),
      (systemMs / count).toFixed(1),
      (grownMiB / count).toFixed(2),
      allMiB.toFixed(0),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
} finally {
  sshd.stop()
  rmSync(dir, { recursive: true })
}
process.exit()
