import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lab } from '../lab/support/lab.ts'
import { measured } from '../lab/support/programs.ts'
import { stackLab, type StackLab } from '../lab/contract/stack.ts'
import { STACKS } from '../lab/stacks.ts'
import { castOf, verdictOf, type Cast, type Incident } from '../lab/incidents/staged.ts'

/** On a busy machine the manager shall not add incidents of its own. */
const PATIENT = [['timing: fast', 'timing: safe']] as const

/** For work on single incidents: their names, separated by commas. */
const ONLY = process.env['HACTL_DOCTOR_ONLY']?.split(',')

const deployed = async (lab: Lab): Promise<void> => {
  await lab.up()
  const { code, stdout } = await lab.apply('--yes')
  if (code !== 0) throw new Error(stdout.slice(-2000))
}

/** The verdict on an incident, which is healed whatever it was. */
async function healed(incident: Incident, cast: Cast): ReturnType<typeof verdictOf> {
  try {
    return await verdictOf(incident, cast)
  } finally {
    await incident.heal(cast)
  }
}

/** One incident after the other, each healed before the next; the score is how often the first verdict was right. */
function staged(lab: Lab, incidents: readonly Incident[]): void {
  const right: string[] = []
  const wrong: string[] = []
  let cast: Cast | undefined
  const chosen = incidents.filter(({ name }) => !ONLY || ONLY.includes(name))

  test.each(chosen.map((incident) => [incident.name, incident] as const))('%s', async (name, incident) => {
    cast ??= await castOf(lab)
    const began = cast
    const { diagnosis } = await healed(incident, began)
    cast = incident.goesOn ? began : undefined
    const [first] = diagnosis.findings
    if (first?.code === incident.code) right.push(name)
    else wrong.push(`${name}: ${first?.code ?? 'nothing'} instead of ${incident.code}`)
    for (const { next } of diagnosis.findings)
      for (const { command } of next) expect(command).toMatch(/^(hactl|pcs) /)
  })

  test('the first verdict is right in 23 of 25', () => {
    measured('first verdicts', `${right.length} of ${right.length + wrong.length}; ${wrong.join('; ')}`)
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(Math.floor(chosen.length * 0.08))
  })

  test('a healthy cluster has nothing wrong', async () => {
    const after = await castOf(lab)
    const { diagnosis } = await verdictOf(
      { name: 'healthy', code: '', stage: async () => 0, heal: async () => 0 },
      after,
      1000,
    )
    expect(diagnosis.findings.filter(({ severity }) => severity !== 'note')).toEqual([])
  })
}

const of = process.env['HACTL_DOCTOR_STACK']

describe.each(STACKS.filter(({ name }) => of === undefined || of === name))(
  'incidents of $name',
  (stack: StackLab) => {
    const lab = stackLab(stack, `doc-${stack.short}`, { edits: PATIENT })
    beforeAll(() => deployed(lab))
    afterAll(() => lab.down())
    staged(lab, stack.incidents)
  },
)
