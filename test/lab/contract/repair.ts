import { expect, test } from 'vitest'
import type { Lab } from '../support/lab.ts'
import { expectEmptyPlan, memberOf, roles } from '../support/plans.ts'
import { expectCode, hactl, measured, must, seconds } from '../support/programs.ts'
import { eventually } from '../support/wait.ts'
import type { StackLab } from './stack.ts'

/** Resolves when a member takes writes that is not the former one. */
export const otherPrimary = (lab: Lab, former: string): Promise<void> =>
  eventually(
    'another primary',
    async () => ![undefined, '', former].includes((await lab.status()).primary),
    120_000,
  )

/** The command, without its `hactl`, by which status mends a member that must be repaired or copied. */
async function mendingOf(lab: Lab, member: string): Promise<readonly string[] | undefined> {
  const { problems } = await lab.status()
  const found = problems.find((each) => each.member === member && / re\w+-standby /.test(each.next ?? ''))
  return found?.next?.split(' ').slice(1)
}

/** Waits until the cluster is healthy, or status names a command for a member, which is run then. Gives the runbook. */
export async function backByWhatStatusNames(lab: Lab, member: string): Promise<string | undefined> {
  let words: readonly string[] | undefined
  await eventually(
    `${member} is back, or status names a command for it`,
    async () => {
      words = await mendingOf(lab, member)
      return words !== undefined || (await lab.status()).health === 'healthy'
    },
    180_000,
  )
  if (words === undefined) return undefined
  await must(0, ...words, '--yes')
  return words[1]
}

/** Data directories that were set aside on a member. */
const aside = async (lab: Lab, node: string): Promise<readonly string[]> => {
  const found = await lab.sh(node, 'ls -d /var/lib/postgresql/*/*.20* 2>/dev/null || true')
  return found.split('\n').filter((line) => line !== '')
}

/** Members with commits of their own, and members that are copied anew. */
export function repairTests(lab: Lab, stack: StackLab): void {
  test('a lost primary with a commit of its own is repaired by the command that status names, and only with consent', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    await stack.diverge(lab, primary, standbys)
    let words: readonly string[] = []
    await eventually(
      `status names a command for ${primary}`,
      async () => (words = (await mendingOf(lab, primary)) ?? []).length > 0,
      120_000,
    )
    const refused = await hactl(...words, '--yes')
    expectCode(refused, 1)
    expect(refused.stdout + refused.stderr).toMatch(/has [1-9]\d* commits? in more than [1-9]\d* bytes/)
    const kept = await aside(lab, primary)
    const { ms } = await must(0, ...words, '--yes', '--accept-data-loss')
    measured(`${words[1]} with consent`, seconds(ms))
    const status = await lab.healthy(120_000)
    expect(status.primary).not.toBe(primary)
    expect((await memberOf(lab, primary))?.replication?.state).toBe('streaming')
    expect(await aside(lab, primary)).toEqual(kept)
    const gone = `cd /; runuser -u postgres -- psql -XAtqd postgres -c "select to_regclass('only_here') is null"`
    expect(await lab.sh(primary, gone)).toBe('t')
    await expectEmptyPlan(lab)
  })

  test('rebuild-standby copies a member anew and keeps its old data; of the primary it is refused', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const [node = ''] = standbys
    expectCode(await hactl('run', 'rebuild-standby', lab.inventory, '--yes', '--on', primary), 5)
    const kept = await aside(lab, node)
    const { ms } = await lab.run('rebuild-standby', '--on', node)
    measured('rebuild-standby', seconds(ms))
    expect((await memberOf(lab, node))?.replication?.state).toBe('streaming')
    expect(await aside(lab, node)).toHaveLength(kept.length + 1)
    await expectEmptyPlan(lab)
    // What an operator does with it, once nobody wants it.
    await lab.sh(node, 'rm -rf /var/lib/postgresql/*/*.20*')
    await lab.healthy()
  })
}
