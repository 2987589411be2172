import { expect } from 'vitest'
import { VIP, type Lab } from '../../../lab/support/lab.ts'
import { MAIN, start } from '../../../lab/support/programs.ts'
import { eventually } from '../../../lab/support/wait.ts'

/** One look of a host at itself. */
export interface Sample {
  readonly node: string
  /** Milliseconds since 1970; the hosts of a lab share one clock. */
  readonly at: number
  readonly holds: boolean
}

export interface Sampler {
  readonly stop: () => Promise<readonly Sample[]>
}

const STOP = '/run/hactl-test-sampler-stop'
const LOOP = `rm -f ${STOP}; end=$(($(date +%s) + 300))
while [ ! -e ${STOP} ] && [ "$(date +%s)" -lt $end ]; do
  if ip -4 -o addr show to ${VIP}/32 | grep -q .; then echo "$(date +%s%3N) 1"; else echo "$(date +%s%3N) 0"; fi
  sleep 0.1
done`

/** Looks every 100 ms, on all hosts, whether they hold the writer VIP; has begun when this resolves. */
export async function startSampler(lab: Lab): Promise<Sampler> {
  const loops = lab.nodes.map((node) => ({
    node,
    run: start([process.execPath, MAIN, 'lab', 'ssh', '--name', lab.name, node, '--', 'sh'], LOOP),
  }))
  await eventually('every host looks', () => loops.every(({ run }) => run.output() !== ''))
  return {
    stop: async () => {
      await lab.shAll(`touch ${STOP}`)
      const all = await Promise.all(
        loops.map(async ({ node, run }) => samplesOf(node, (await run.ended).stdout)),
      )
      return all.flat().toSorted((a, b) => a.at - b.at)
    },
  }
}

const samplesOf = (node: string, text: string): readonly Sample[] =>
  text
    .split('\n')
    .map((line) => /^(\d+) ([01])$/.exec(line))
    .flatMap((match) => (match ? [{ node, at: Number(match[1]), holds: match[2] === '1' }] : []))

/** Moments at which a host saw the address on itself between two looks of another that saw it there too. */
export function seenTwice(samples: readonly Sample[]): readonly string[] {
  const found: string[] = []
  const last = new Map<string, Sample>()
  for (const [index, sample] of samples.entries()) {
    const before = last.get(sample.node)
    last.set(sample.node, sample)
    if (!before?.holds || !sample.holds) continue
    for (const other of between(samples, before.at, index)) {
      if (other.node !== sample.node && other.holds)
        found.push(`${other.at}: ${other.node} and ${sample.node}`)
    }
  }
  return found
}

function* between(samples: readonly Sample[], from: number, end: number): Generator<Sample> {
  for (let index = end - 1; index >= 0; index--) {
    const sample = samples[index]
    if (sample === undefined || sample.at < from) return
    yield sample
  }
}

/** Stops, and fails the test when the address was ever on two hosts. */
export async function onOneHost(sampler: Sampler): Promise<readonly Sample[]> {
  const samples = await sampler.stop()
  expect(samples.filter(({ holds }) => holds).length).toBeGreaterThan(10)
  expect(seenTwice(samples)).toEqual([])
  return samples
}

/** When a host was first seen without the address after a moment; undefined when it never was. */
export const goneFrom = (samples: readonly Sample[], node: string, after: number): number | undefined =>
  samples.find((sample) => sample.node === node && sample.at > after && !sample.holds)?.at

/** When a host was last seen with the address; undefined when it never was. */
export const lastHeld = (samples: readonly Sample[], node: string): number | undefined =>
  samples.findLast((sample) => sample.node === node && sample.holds)?.at
