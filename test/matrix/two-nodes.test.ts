import { afterAll, beforeAll, describe } from 'vitest'
import { deployTests, newRecord } from '../lab/contract/deploy.ts'
import { secretTests } from '../lab/contract/secrets.ts'
import { stackLab } from '../lab/contract/stack.ts'
import { PACEMAKER } from '../stacks/pacemaker/lab.ts'

const lab = stackLab(PACEMAKER, 'two', { nodes: 2, vars: 'lab-pacemaker/cluster-2.yml' })
const record = newRecord()

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('two hosts', () => {
  deployTests(lab, PACEMAKER, record, 'jsonl')
  secretTests(lab, PACEMAKER, record)
})
