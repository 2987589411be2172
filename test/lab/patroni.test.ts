import { beforeEach, describe } from 'vitest'
import { PATRONI } from '../stacks/patroni/lab.ts'
import { etcdTests } from '../stacks/patroni/lab/etcd.ts'
import { settingsTests } from '../stacks/patroni/lab/operate.ts'
import { callbackTests } from '../stacks/patroni/lab/routing.ts'
import { contract } from './contract/contract.ts'

contract(PATRONI, (lab, formed) => {
  describe('settings and maintenance', () => {
    beforeEach(() => formed.ready())
    settingsTests(lab)
  })
  describe('the address', () => {
    beforeEach(() => formed.ready())
    callbackTests(lab)
  })
  describe('etcd', () => {
    beforeEach(() => formed.ready())
    etcdTests(lab)
  })
})
