type Order = 'standbys-first' | 'primary-first' | 'refused'

/**
 * What a deploy must know of the data that is there before it touches anything; `{{ deployment.seed }}` in playbooks
 * that say `needs: [deployment]`.
 */
export interface Deployment {
  /** Whose data the others are copied from. */
  readonly seed: string
  /** A cluster manager runs PostgreSQL already; also true when a member could not be read: nothing is made anew then. */
  readonly managed: boolean
  /** Members that no operator has taken out of service. */
  readonly serving: readonly string[]
  /** While nobody is primary: the member whose data is certainly the newest. */
  readonly latest?: string
  /** Who restarts first for the settings of the inventory; refused: no order is right, with what changes. */
  readonly restart: Order
  readonly moves: string
  /** The same for the settings that wait for a restart now, which need not be the inventory's. */
  readonly pending?: { readonly order: Order; readonly moves: string }
}
