import { afterAll, beforeAll, describe } from 'vitest'
import { chosen, doctorTests } from '../doctor/core.ts'
import { PACEMAKER } from '../doctor/pacemaker.ts'
import { deployTests, newRecord } from './deploy.ts'
import { driftTests, profileTests } from './drift.ts'
import { operateTests } from './operate.ts'
import { secretTests } from './secrets.ts'
import { labOf } from './support.ts'

/** Bare hosts: the deploy installs the packages itself. */
const lab = labOf('acc3', {
  nodes: 3,
  edits: [
    ['    databases:', "      - { name: report, password: '{{ secrets.app_password }}' }\n    databases:"],
  ],
})
const record = newRecord()

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('three bare hosts', () => {
  deployTests(lab, record, 'text')
  driftTests(lab)
  operateTests(lab)
  doctorTests(lab, chosen(PACEMAKER, 'maintenance', 'vip-on-two', 'wrong-password', 'fsync-off'))
  secretTests(lab, record)
  profileTests(lab)
})
