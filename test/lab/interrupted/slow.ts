import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { patient } from '../../patience.ts'
import type { Lab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

/**
 * A playbook whose steps last as long as a test needs: every step waits on its host for the file `go`, then leaves
 * a mark. What is interrupted in it, and when, does not depend on how fast the machine is.
 */
const text = (): string => `
name: Steps that wait
plays:
  - name: Waiting steps
    hosts: all
    tasks:
      - name: The first step is done
        command: &wait
          run: [sh, -c, 'touch /root/slow-$1.begun; until [ -e /root/go ]; do sleep 0.1; done; touch /root/slow-$1', slow, one]
          creates: /root/slow-one
        timeout: ${patient(40_000)}ms
      - name: The second step is done
        command:
          run: [touch, /root/slow-two]
          creates: /root/slow-two
`

export interface SlowBook {
  readonly file: string
  /** Puts the nodes back to where nothing of it is done. */
  readonly reset: () => Promise<void>
  /** Waits until the first step runs on these nodes. */
  readonly begun: (...nodes: readonly string[]) => Promise<void>
  /** Lets the steps of these nodes end. */
  readonly go: (...nodes: readonly string[]) => Promise<void>
  /** The marks on a node, e.g. `slow-one slow-two`. */
  readonly marks: (node: string) => Promise<string>
}

/** Writes the playbook beside the inventory. */
export function slowBook(lab: Lab): SlowBook {
  const file = join(lab.dir, 'slow.yml')
  writeFileSync(file, text())
  const on = async (nodes: readonly string[], script: string): Promise<void> => {
    await Promise.all(nodes.map((node) => lab.sh(node, script)))
  }
  return {
    file,
    reset: async () => void (await lab.shAll('rm -f /root/slow-* /root/go')),
    begun: async (...nodes) => {
      const ready = async (node: string) => (await lab.sh(node, 'ls /root')).includes('slow-one.begun')
      await eventually(`the first step runs on ${nodes.join(', ')}`, async () =>
        (await Promise.all(nodes.map(ready))).every(Boolean),
      )
    },
    go: (...nodes) => on(nodes, 'touch /root/go'),
    marks: (node) => lab.sh(node, 'cd /root; ls -d slow-one slow-two 2>/dev/null | xargs'),
  }
}
