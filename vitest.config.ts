import { defineConfig } from 'vitest/config'

/** How long a test or a wait in it may take. Only what hangs is ended by it: a busy machine makes tests slower, not red. */
const PATIENCE_MS = 120_000

export default defineConfig({
  test: {
    projects: [
      {
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
        test: {
          name: 'host',
          include: ['test/host/**/*.test.ts'],
          testTimeout: 2 * PATIENCE_MS,
          hookTimeout: 2 * PATIENCE_MS,
          expect: { poll: { timeout: PATIENCE_MS / 2 } },
        },
      },
      {
        // Real clusters in the lab: one file at a time, because the machine is shared by its nodes.
        test: {
          name: 'lab',
          include: ['test/lab/driver.test.ts', 'test/lab/snapshot.test.ts'],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          expect: { poll: { timeout: PATIENCE_MS } },
        },
      },
      {
        // Whole clusters of both stacks, an hour and more: npm run test:clusters.
        test: {
          name: 'clusters',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['test/lab/driver.test.ts', 'test/lab/snapshot.test.ts'],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          expect: { poll: { timeout: PATIENCE_MS } },
        },
      },
      {
        // The strict forms of lab tests, longer than npm test may take: npm run test:matrix.
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          expect: { poll: { timeout: PATIENCE_MS } },
        },
      },
    ],
  },
})
