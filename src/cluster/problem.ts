import type { Problem } from './status.ts'

/** Data or service is at risk now. */
export const critical = (code: string, summary: string, more: Partial<Problem> = {}): Problem => ({
  severity: 'critical',
  code,
  summary,
  ...more,
})

/** It works, but not as it should. */
export const warning = (code: string, summary: string, more: Partial<Problem> = {}): Problem => ({
  severity: 'warning',
  code,
  summary,
  ...more,
})
