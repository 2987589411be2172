import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { labOf, type Lab } from '../support/lab.ts'
import { deployTests, newRecord } from './deploy.ts'
import { driftTests } from './drift.ts'
import { formedOf, type Formed } from './formed.ts'
import { incidentTests } from './incidents.ts'
import { lossTests } from './loss.ts'
import { repairTests } from './repair.ts'
import { restTests } from './rest.ts'
import { secretTests } from './secrets.ts'
import type { StackLab } from './stack.ts'
import { switchoverTests } from './switchover.ts'

/** A role of its own, which a test takes away. */
const REPORT = [
  '    databases:',
  "      - { name: report, password: '{{ secrets.app_password }}' }\n    databases:",
] as const

/**
 * What every stack must do, on three bare hosts: one deploy, and everything after it on the cluster that it made. `more` are the tests of
 * the stack alone, on the same cluster.
 */
export function contract(stack: StackLab, more: (lab: Lab, formed: Formed) => void = () => undefined): void {
  const lab = labOf(`con-${stack.short}`, { vars: stack.vars, nodes: 3, edits: [REPORT] })
  const record = newRecord()
  beforeAll(() => lab.up())
  afterAll(() => lab.down())
  afterEach(() => lab.lab('heal'))
  const formed = formedOf(lab)
  const group = (name: string, tests: () => void): void => {
    describe(`${name}`, () => {
      beforeEach(() => formed.ready())
      tests()
    })
  }

  describe('three bare hosts', () => {
    deployTests(lab, stack, record)
    restTests(lab, formed)
  })
  group('drift', () => driftTests(lab, stack))
  group('switchover', () => switchoverTests(lab, stack))
  group('loss', () => lossTests(lab))
  group('repair', () => repairTests(lab, stack))
  group('incidents', () => incidentTests(lab, stack))
  more(lab, formed)
  group('secrets', () => secretTests(lab, stack, record))
}
