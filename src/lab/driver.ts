/** A lab: throw-away hosts on this machine, found and removed by its name. */
export interface LabSpec {
  readonly name: string
  readonly nodes: readonly string[]
  readonly release: string
  /** Extra Debian packages in the image (a cached layer); empty: the bare base, as on a fresh machine. */
  readonly packages: readonly string[]
  /** Those of the nodes that go into the inventory's group `witness`. */
  readonly witnesses?: readonly string[]
  /** Where `inventory.yml` goes; default: the lab's own folder. */
  readonly inventoryDir?: string
  /** Text of a YAML map, e.g. with the `cluster` variable, that goes under `all.vars` of the inventory. */
  readonly vars?: string
}

export interface LabNode {
  readonly name: string
  readonly addresses: readonly string[]
  readonly state: 'running' | 'off' | 'frozen'
}

export interface LabState {
  readonly name: string
  readonly driver: string
  readonly release: string
  readonly nodes: readonly LabNode[]
  readonly inventory: string
  readonly faults: readonly string[]
  /** Names of what `snapshot` has kept. */
  readonly snapshots: readonly string[]
}

/** A fault as the user types it: `hactl lab break cut-pair pg1 pg2`. */
export interface FaultRequest {
  readonly fault: string
  readonly nodes: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

export type Progress = (line: string) => void

/** What a lab driver can do. All calls are idempotent; `down` works after a crash of anything. */
export interface Driver {
  readonly name: string
  /** What its nodes do not have, with the reason: `own-clock`. */
  readonly cannot: Readonly<Record<string, string>>
  readonly faults: readonly { readonly name: string; readonly about: string; readonly nodes: string }[]
  /** Debian packages that are missing here. */
  missing(): Promise<readonly string[]>
  up(spec: LabSpec, progress: Progress, signal?: AbortSignal): Promise<LabState>
  down(name: string, progress: Progress): Promise<void>
  /** Back to the fresh image: same names, addresses and keys. */
  reset(name: string, nodes: readonly string[], progress: Progress): Promise<void>
  /** Keeps the disks of all nodes as they are at one moment, which they stand still for. Replaces one of the same name. */
  snapshot(name: string, snapshot: string, progress: Progress): Promise<void>
  /** Back to a snapshot: disks of then, no faults, all nodes switched on. */
  restore(name: string, snapshot: string, progress: Progress): Promise<void>
  /** Names of all labs, also of those that are half-made or half-removed. */
  names(): Promise<readonly string[]>
  list(): Promise<readonly LabState[]>
  state(name: string): Promise<LabState | undefined>
  inject(name: string, request: FaultRequest): Promise<void>
  /** Undoes every fault of the given nodes (all nodes when empty). */
  heal(name: string, nodes: readonly string[], progress: Progress): Promise<void>
  /** argv prefix that runs a program in the lab's client namespace. */
  clientExec(name: string): readonly string[]
  /** argv of an ssh to a node, with ssh's own flags; the remote command is appended. Throws for an unknown node. */
  ssh(name: string, node: string, flags: readonly string[]): readonly string[]
}
