import { afterAll, beforeAll, describe } from 'vitest'
import { deployTests, newRecord } from './deploy.ts'
import { secretTests } from './secrets.ts'
import { labOf, LAYER } from './support.ts'

const lab = labOf('acc2', { nodes: 2, with: LAYER })
const record = newRecord()

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('two hosts', () => {
  deployTests(lab, record, 'jsonl')
  secretTests(lab, record)
})
