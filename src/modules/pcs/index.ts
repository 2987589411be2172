import type { Action, Fact, Module } from '../../engine/module.ts'
import type { Reading } from '../../engine/probe.ts'
import { cibReading } from './cib.ts'
import { crmMonReading } from './crm-mon.ts'
import { foreignConstraints, leftBans } from './facts.ts'
import { pcsAuth } from './pcs_auth.ts'
import { pcsCleanup } from './pcs_cleanup.ts'
import { pcsCluster } from './pcs_cluster.ts'
import { pcsConstraint } from './pcs_constraint.ts'
import { pcsMove } from './pcs_move.ts'
import { pcsNode } from './pcs_node.ts'
import { pcsDefaults, pcsProperty } from './pcs_property.ts'
import { pcsQuorum } from './pcs_quorum.ts'
import { pcsResource } from './pcs_resource.ts'
import { pcsStonith } from './pcs_stonith.ts'
import { pcsWait } from './pcs_wait.ts'

/** What this folder adds to the list in `modules/index.ts`. */
export const PCS_MODULES: readonly (Module | Action)[] = [
  pcsAuth,
  pcsCleanup,
  pcsCluster,
  pcsConstraint,
  pcsDefaults,
  pcsMove,
  pcsNode,
  pcsProperty,
  pcsQuorum,
  pcsResource,
  pcsStonith,
  pcsWait,
]
export const PCS_FACTS: readonly Fact[] = [leftBans, foreignConstraints]
export const PCS_READINGS: readonly Reading<unknown>[] = [cibReading, crmMonReading]
