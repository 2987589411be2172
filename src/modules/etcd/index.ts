import type { Action, Module } from '../../engine/module.ts'
import { etcdAuth } from './etcd_auth.ts'
import { etcdMember } from './etcd_member.ts'
import { etcdWait } from './etcd_wait.ts'

/** What this folder adds to the list in `modules/index.ts`. */
export const ETCD_MODULES: readonly (Module | Action)[] = [etcdAuth, etcdMember, etcdWait]
