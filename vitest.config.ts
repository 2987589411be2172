import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** How long a test or a wait in it may take. Only what hangs is ended by it: a busy machine makes tests slower, not red. */
const PATIENCE_MS = 120_000

/** Files that take minutes, the longest first: begun last, one of them would run on alone. */
const LONG = ['lab/patroni.test.ts', 'lab/drill.test.ts', 'lab/interrupted.test.ts', 'lab/killed.test.ts']

/** Lab tests that are run by hand, until they are taken out of this list: npm run test:pacemaker. */
const BY_HAND = ['test/lab/pacemaker.test.ts']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((name) => moduleId.endsWith(name))
      return found < 0 ? LONG.length : found
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}

/**
 * Real clusters in containers. Each file has labs of its own and waits most of the time: two files share a machine well. Every wait in
 * them has a deadline that follows the load, so that theirs is only for what hangs.
 */
const LABS = {
  maxWorkers: 2,
  testTimeout: 30 * PATIENCE_MS,
  hookTimeout: 30 * PATIENCE_MS,
  expect: { poll: { timeout: PATIENCE_MS } },
} as const

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**', 'test/host/**', 'test/matrix/**'],
          testTimeout: PATIENCE_MS,
          hookTimeout: PATIENCE_MS,
          expect: { poll: { timeout: PATIENCE_MS / 2 } },
        },
      },
      {
        // Needs root and packages that scripts/test.sh installs (sshd, ansible-inventory); no lab.
        extends: true,
        test: {
          name: 'host',
          include: ['test/host/**/*.test.ts'],
          testTimeout: 2 * PATIENCE_MS,
          hookTimeout: 2 * PATIENCE_MS,
          expect: { poll: { timeout: PATIENCE_MS / 2 } },
        },
      },
      { extends: true, test: { ...LABS, name: 'lab', include: ['test/lab/**/*.test.ts'], exclude: BY_HAND } },
      { extends: true, test: { ...LABS, name: 'by-hand', include: BY_HAND } },
      {
        // The strict forms of lab tests, longer than npm test may take: npm run test:matrix.
        extends: true,
        test: { ...LABS, name: 'matrix', include: ['test/matrix/**/*.test.ts'], sequence: { groupOrder: 1 } },
      },
    ],
  },
})
