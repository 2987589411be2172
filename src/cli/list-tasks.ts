import { readPlaybook } from '../app/playbooks.ts'
import { checkChoice, type Choice } from '../engine/choice.ts'
import { selected } from '../engine/tasks.ts'
import { print } from './io.ts'

/** What is listed instead of done. */
export interface Listing extends Choice {
  readonly listTasks?: boolean
  readonly listTags?: boolean
}

const shownHosts = (hosts: string | readonly string[]): string =>
  typeof hosts === 'string' ? hosts : hosts.join(',')

/** Prints the tasks that would be carried out, or the tags there are, by play; contacts nobody. False: nothing was asked for. */
export async function listed(file: string, options: Listing): Promise<boolean> {
  if (options.listTasks !== true && options.listTags !== true) return false
  const { playbook } = await readPlaybook(file)
  checkChoice(playbook, options)
  await print(`playbook: ${playbook.file}`)
  let isBefore = options.startAt !== undefined
  for (const play of playbook.plays) {
    await print('', `  play: ${play.name}  (hosts: ${shownHosts(play.hosts)})`)
    const tasks = play.tasks.filter((task) => {
      if (task.name === options.startAt) isBefore = false
      return !isBefore && selected(task, options.tags, options.skipTags)
    })
    if (options.listTasks === true) {
      for (const { name, tags } of tasks) await print(`    ${name}  TAGS: [${tags.join(', ')}]`)
    }
    const tags = [...new Set(tasks.flatMap((task) => task.tags))].toSorted()
    if (options.listTags === true) await print(`    TAGS: [${tags.join(', ')}]`)
  }
  return true
}
