import { beforeAll, beforeEach, describe } from 'vitest'
import { PACEMAKER } from '../stacks/pacemaker/lab.ts'
import { memberTests, profileTests } from '../stacks/pacemaker/lab/own.ts'
import { contract } from './contract/contract.ts'

contract(PACEMAKER, (lab, formed) => {
  describe('members', () => {
    beforeEach(() => formed.ready())
    memberTests(lab)
  })
  describe('another profile', () => {
    beforeAll(() => formed.ready('fresh'))
    profileTests(lab)
  })
})
