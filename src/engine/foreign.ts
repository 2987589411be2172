/** Words of tasks that other tools have, and the form they have here. */
const TASK_WORDS: Readonly<Record<string, string>> = {
  become: 'hactl is root already (ansible_become in the inventory); for another account write as: NAME',
  become_user: 'write as: NAME',
  become_method: 'sudo is used; set ansible_become_method in the inventory',
  remote_user: 'set ansible_user in the inventory',
  until: 'write retry: 60s; a task is tried again until it reaches its state',
  retries: 'write retry: 60s, the longest time for all tries',
  delay: 'write retry: 60s, the longest time for all tries',
  with_items: 'write loop: [a, b]',
  with_list: 'write loop: [a, b]',
  with_dict: 'write loop: "{{ keys map }}" and {{ lookup map item }}',
  with_fileglob: 'write loop: with the names',
  loop_control: 'the item is always {{ item }}',
  changed_when: 'give the command a guard: creates, unless or onlyif',
  check_mode: 'write check: false for a task that is no part of a plan',
  diff: 'leave it out: hactl plan --diff shows the lines',
  no_log: 'leave it out: secrets are never shown',
  delegate_facts: 'facts belong to the host they were read on',
  vars: 'write vars: in the play, or at the top of the playbook',
  environment: 'write env: below command',
  listen: 'name the handler in notify',
  any_errors_fatal: 'write it in the play',
  gather_facts: 'leave it out: facts are read when they are named',
  action: 'write the module as a key: copy: { path: … }',
  local_action: 'tasks run on hosts; put the own machine into the inventory with ansible_connection: local',
  args: 'put the arguments below the module',
  throttle: 'write serial: in the play',
  async: 'tasks are waited for; give a long one timeout: 30m',
  poll: 'tasks are waited for; give a long one timeout: 30m',
  roles: 'write import: FILE in plays',
  role: 'write import: FILE in plays',
  include_role: 'write import: FILE in plays',
  import_role: 'write import: FILE in plays',
  include_tasks: 'write import: FILE in plays',
  import_tasks: 'write import: FILE in plays',
  import_playbook: 'write import: FILE in plays',
  shell: 'write command: { run: "text for sh -c" }',
  raw: 'write command: { run: "text for sh -c" }',
  script: 'write copy and command: { run: [/path/of/it] }',
  apt: 'write package: { name: NAME }',
  yum: 'write package: { name: NAME }',
  dnf: 'write package: { name: NAME }',
  apt_repository: 'write copy: { path: /etc/apt/sources.list.d/NAME.list, content: … }',
  systemd: 'write service: { name: NAME, state: started }',
  systemd_service: 'write service: { name: NAME, state: started }',
  lineinfile: 'write line_in_file: { path: …, line: … }',
  blockinfile: 'write block_in_file: { path: …, block: … }',
  replace: 'write line_in_file: { path: …, line: … }',
  stat: 'write when: { fact: … }, or a guard of the command: creates: /path',
  set_fact: 'write vars: in the play, or register: what a task says',
  include_vars: 'write vars: in the play, or variables in the inventory',
  fail: 'write assert: { that: [ … ], fail_msg: … }',
  meta: 'handlers run at the end of their play; split the play',
  pause: 'write wait_for, or confirm: in a runbook',
  uri: 'write wait_for: { url: … } or command: { run: [curl, …] }',
  get_url: 'write command: { run: [curl, …], creates: /path }',
  unarchive: 'write command: { run: [tar, …], creates: /path }',
  synchronize: 'write copy: { src: …, path: … }',
  fetch: 'write command: { run: [cat, …] } with register:',
  cron: 'write copy: { path: /etc/cron.d/NAME, content: … }',
  mount: 'write line_in_file: { path: /etc/fstab, … } and command',
  setup: 'leave it out: facts are read when they are named',
  ping: 'hactl exec all true',
  postgresql_user: 'write postgres_role',
  postgresql_db: 'write postgres_database',
  postgresql_query: 'write postgres_query',
  postgresql_pg_hba: 'write postgres_hba',
  postgresql_set: 'write postgres_config',
  group_by: 'write groups into the inventory',
  add_host: 'write hosts into the inventory',
}

/** Words of plays. */
const PLAY_WORDS: Readonly<Record<string, string>> = {
  become: 'leave it out: hactl is root already (ansible_become in the inventory)',
  become_user: 'write as: NAME in the tasks',
  gather_facts: 'leave it out: facts are read when they are named',
  remote_user: 'set ansible_user in the inventory',
  connection: 'set ansible_connection in the inventory',
  roles: 'write import: FILE in plays',
  pre_tasks: 'write them as the first tasks',
  post_tasks: 'write them as the last tasks, or as a play of their own',
  vars_files: 'put the variables into the inventory or into vars:',
  vars_prompt: 'write params: at the top; they are options on the command line',
  environment: 'write env: below command',
  strategy: 'leave it out: each host goes at its own pace up to the end of its play',
  max_fail_percentage: 'write any_errors_fatal: true',
  import_playbook: 'write import: FILE',
  ignore_errors: 'write it in the tasks',
  order: 'hosts go in the order of the inventory',
}

/** Words of arguments. */
const ARGUMENT_WORDS: Readonly<Record<string, string>> = {
  dest: 'path',
  pkg: 'name',
  cmd: 'run',
  argv: 'run',
  removes: 'onlyif',
  regexp: 'match',
  daemon_reload: 'nothing: units are read again when their file changed',
  executable: 'run: [bash, -c, …]',
  msg: 'fail_msg',
}

const own = <T>(table: Readonly<Record<string, T>>, word: string): T | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined

/** What to write instead of a key of a task; undefined when it is no word of another tool. */
export function taskWord(word: string, known: ReadonlySet<string>): string | undefined {
  const short = /^(?:ansible\.(?:builtin|posix|legacy)|community\.\w+)\.(\w+)$/.exec(word)?.[1]
  if (short !== undefined && known.has(short)) return `write ${short}: without what stands before it`
  return own(TASK_WORDS, short ?? word)
}

/** The same for a key of a play. */
export const playWord = (word: string): string | undefined => own(PLAY_WORDS, word)

/** The same for an argument, when the module has ours. */
export function argumentWord(word: string, known: readonly string[]): string | undefined {
  const ours = own(ARGUMENT_WORDS, word)
  if (ours === undefined) return undefined
  const name = /^\w+/.exec(ours)?.[0] ?? ''
  return known.includes(name) || ours.startsWith('nothing') ? `write ${ours}` : undefined
}
