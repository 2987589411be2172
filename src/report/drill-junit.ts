import type { DrillResult, RunResult } from '../cluster/drill/result.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Characters that XML 1.0 does not know are left out. */
const escape = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '')
    .replaceAll(/[<>&"']/g, (character) => ESCAPES[character] ?? '')

function testCase(result: DrillResult, run: RunResult): string {
  const name = `${run.scenario} #${run.run}`
  const time = ((run.endedAt - run.beganAt) / 1000).toFixed(3)
  const head = `  <testcase classname="${escape(`${result.cluster}.${result.stack}`)}" name="${escape(name)}" time="${time}"`
  const failed = run.checks.filter(({ ok }) => !ok).map(({ what, seen }) => `${what}: ${seen ?? 'no'}`)
  if (run.passed) return `${head}/>`
  return `${head}>\n    <failure message="${escape(failed[0] ?? 'failed')}">${escape(failed.join('\n'))}</failure>\n  </testcase>`
}

/** A drill as JUnit XML: one test case a run, its failed expectations as the failure. */
export function drillJunit(result: DrillResult): string {
  const { runs } = result
  const failures = runs.filter(({ passed }) => !passed).length
  const time = runs.reduce((sum, { beganAt, endedAt }) => sum + endedAt - beganAt, 0) / 1000
  const counts = `tests="${runs.length}" failures="${failures}" errors="0" skipped="0" time="${time.toFixed(3)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escape(`hactl drill ${result.drill}`)}" timestamp="${escape(result.at)}" ${counts}>`,
    ...runs.map((run) => testCase(result, run)),
    '</testsuite>',
    '',
  ].join('\n')
}
