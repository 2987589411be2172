import { beforeEach, describe } from 'vitest'
import { PATRONI } from '../stacks/patroni/lab.ts'
import { callbackTests } from '../stacks/patroni/lab/routing.ts'
import { contract } from './contract/contract.ts'

contract(PATRONI, (lab, formed) => {
  describe('the address', () => {
    beforeEach(() => formed.ready())
    callbackTests(lab)
  })
})
