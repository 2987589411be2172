/**
 * The workload: 40 tasks of a database host's set-up, written once as data and rendered for every engine, so that all
 * of them do the same.
 */
const TEMPLATES = Array.from({ length: 10 }, (_, i) => i + 1)
const DIRECTORIES = [
  '/srv/pg',
  '/srv/pg/data',
  '/srv/pg/wal',
  '/srv/pg/archive',
  '/srv/pg/conf',
  '/srv/pg/log',
]
const HOSTS = [1, 2, 3].map((i) => ({ address: `192.0.2.${i}`, names: [`db${i}`, `db${i}.example.net`] }))
const SYSCTLS = {
  'net.ipv4.tcp_keepalive_time': 60,
  'net.ipv4.tcp_keepalive_intvl': 5,
  'net.ipv4.tcp_keepalive_probes': 5,
  'net.ipv4.ip_nonlocal_bind': 1,
}
const LINES = [1, 2, 3, 4].map((i) => `export BENCH_${i}=${i}`)
const PACKAGES = [
  'openssh-server',
  'sudo',
  'procps',
  'psmisc',
  'iproute2',
  'nftables',
  'ca-certificates',
  'less',
]
const COMMANDS = [1, 2, 3, 4]

const conf = (i: number, host: string): string =>
  Array.from({ length: 30 }, (_, n) => `setting_${i}_${n} = '${host}-${i * n}'`).join('\n') + '\n'

export const files: Readonly<Record<string, () => string>> = {
  'playbook.yml': hactlPlaybook,
  'ansible.yml': ansiblePlaybook,
  'floor.sh': () => floorScript(false),
  'floor-sync.sh': () => floorScript(true),
  'undo.sh': undoScript,
  ...Object.fromEntries(
    TEMPLATES.flatMap((i) => [
      [`templates/conf${i}.hbs`, () => conf(i, '{{inventory_hostname}}')],
      [`templates/conf${i}.j2`, () => conf(i, '{{ inventory_hostname }}')],
    ]),
  ),
}

function hactlPlaybook(): string {
  const tasks = [
    ['packages', `package: { name: [${PACKAGES.join(', ')}] }`],
    ...HOSTS.map((h) => [
      `host ${h.address}`,
      `hosts_entry: { address: ${h.address}, names: [${h.names.join(', ')}] }`,
    ]),
    ...Object.entries(SYSCTLS).map(([key, value], i) => [
      key,
      `sysctl: { name: bench${i}, settings: { ${key}: ${value} } }`,
    ]),
    ['group', 'group: { name: bench }'],
    ['user 1', 'user: { name: bench1, group: bench, shell: /bin/sh }'],
    ['user 2', 'user: { name: bench2, group: bench, shell: /bin/sh }'],
    ...DIRECTORIES.map((path) => [
      path,
      `directory: { path: ${path}, owner: bench1, group: bench, mode: "0750" }`,
    ]),
    ...TEMPLATES.map((i) => [
      `template ${i}`,
      `template: { src: conf${i}.hbs, path: /srv/pg/conf/conf${i}, owner: bench1, group: bench, mode: "0640" }`,
    ]),
    ...LINES.map((line) => [line, `line_in_file: { path: /etc/profile, line: "${line}" }`]),
    ...[1, 2].map((i) => [
      `block ${i}`,
      `block_in_file: { path: /etc/profile, name: b${i}, block: "B${i}=1\\nexport B${i}" }`,
    ]),
    ['link', 'symlink: { path: /srv/pg/current, target: /srv/pg/data }'],
    ...COMMANDS.map((i) => [
      `command ${i}`,
      `command: { run: [touch, /srv/pg/done${i}], creates: /srv/pg/done${i}, touches: [/srv/pg/done${i}] }`,
    ]),
    ['ssh', 'service: { name: ssh, state: started, enabled: true }'],
    ['nftables', 'service: { name: nftables, state: started, enabled: true }'],
  ]
  const body = tasks.map(([name, task]) => `      - name: ${name}\n        ${task}\n`).join('')
  return `name: Database host\nplays:\n  - name: Set up\n    hosts: all\n    tasks:\n${body}`
}

function ansiblePlaybook(): string {
  const tasks = [
    ['packages', `ansible.builtin.apt: { name: [${PACKAGES.join(', ')}] }`],
    ...HOSTS.map((h) => [
      `host ${h.address}`,
      `ansible.builtin.lineinfile: { path: /etc/hosts, line: "${h.address} ${h.names.join(' ')}" , unsafe_writes: true}`,
    ]),
    ...Object.entries(SYSCTLS).map(([key, value], i) => [
      key,
      `ansible.posix.sysctl: { sysctl_file: /etc/sysctl.d/bench${i}.conf, name: ${key}, value: "${value}", sysctl_set: true, reload: false }`,
    ]),
    ['group', 'ansible.builtin.group: { name: bench }'],
    ['user 1', 'ansible.builtin.user: { name: bench1, group: bench, shell: /bin/sh }'],
    ['user 2', 'ansible.builtin.user: { name: bench2, group: bench, shell: /bin/sh }'],
    ...DIRECTORIES.map((path) => [
      path,
      `ansible.builtin.file: { path: ${path}, state: directory, owner: bench1, group: bench, mode: "0750" }`,
    ]),
    ...TEMPLATES.map((i) => [
      `template ${i}`,
      `ansible.builtin.template: { src: templates/conf${i}.j2, dest: /srv/pg/conf/conf${i}, owner: bench1, group: bench, mode: "0640" }`,
    ]),
    ...LINES.map((line) => [line, `ansible.builtin.lineinfile: { path: /etc/profile, line: "${line}" }`]),
    ...[1, 2].map((i) => [
      `block ${i}`,
      `ansible.builtin.blockinfile: { path: /etc/profile, marker: "# {mark} b${i}", block: "B${i}=1\\nexport B${i}" }`,
    ]),
    ['link', 'ansible.builtin.file: { path: /srv/pg/current, src: /srv/pg/data, state: link }'],
    ...COMMANDS.map((i) => [
      `command ${i}`,
      `ansible.builtin.command: { cmd: touch /srv/pg/done${i}, creates: /srv/pg/done${i} }`,
    ]),
    ['ssh', 'ansible.builtin.systemd: { name: ssh, state: started, enabled: true }'],
    ['nftables', 'ansible.builtin.systemd: { name: nftables, state: started, enabled: true }'],
  ]
  const body = tasks.map(([name, task]) => `    - name: ${name}\n      ${task}\n`).join('')
  return `- hosts: all\n  gather_facts: false\n  tasks:\n${body}`
}

/**
 * One script that checks and applies everything: what a careful person would pipe into `ssh host sh`. With `sync` its
 * files survive a power cut, as those of hactl do.
 */
function floorScript(sync: boolean): string {
  const add = (file: string, print: string): string =>
    sync ? `${print} | add ${file}` : `${print} >> ${file}`
  const line = (text: string, file: string): string =>
    `grep -qxF '${text}' ${file} || ${add(file, `echo '${text}'`)}`
  return [
    'export LC_ALL=C',
    ...(sync ? ['add() { cp -p "$1" "$1.new"; cat >> "$1.new"; sync "$1.new"; mv "$1.new" "$1"; }'] : []),
    `dpkg-query -W -f '\${db:Status-Abbrev}\\n' ${PACKAGES.join(' ')} 2>/dev/null | grep -cv '^ii' | grep -qx 0 || apt-get install -y ${PACKAGES.join(' ')}`,
    ...HOSTS.map((h) => line(`${h.address} ${h.names.join(' ')}`, '/etc/hosts')),
    ...Object.entries(SYSCTLS).flatMap(([key, value], i) => [
      `f=/etc/sysctl.d/bench${i}.conf; [ "$(cat $f 2>/dev/null)" = '${key} = ${value}' ] || ${sync ? `{ echo '${key} = ${value}' > $f.new; sync $f.new; mv $f.new $f; }` : `echo '${key} = ${value}' > $f`}`,
      `[ "$(sysctl -n ${key})" = ${value} ] || sysctl -qw ${key}=${value}`,
    ]),
    'getent group bench >/dev/null || groupadd bench',
    ...[1, 2].map((i) => `id bench${i} >/dev/null 2>&1 || useradd -m -g bench -s /bin/sh bench${i}`),
    'own() { [ "$(stat -c %U:%G:%a "$1")" = bench1:bench:$2 ] || { chown bench1:bench "$1"; chmod "$2" "$1"; }; }',
    ...DIRECTORIES.map((path) => `[ -d ${path} ] || mkdir ${path}; own ${path} 750`),
    'put() { cat > "$1.new"; if cmp -s "$1.new" "$1"; then rm "$1.new"; else ' +
      (sync ? 'sync "$1.new"; ' : '') +
      'mv "$1.new" "$1"; fi; own "$1" 640; }',
    'h=$(hostname)',
    ...TEMPLATES.map((i) => `put /srv/pg/conf/conf${i} <<EOF\n${conf(i, '$h')}EOF`),
    ...LINES.map((text) => line(text, '/etc/profile')),
    ...[1, 2].map(
      (i) =>
        `grep -q '^# BEGIN b${i}$' /etc/profile || ${add('/etc/profile', `printf '# BEGIN b${i}\\nB${i}=1\\nexport B${i}\\n# END b${i}\\n'`)}`,
    ),
    '[ "$(readlink /srv/pg/current)" = /srv/pg/data ] || ln -sfn /srv/pg/data /srv/pg/current',
    ...COMMANDS.map((i) => `[ -e /srv/pg/done${i} ] || touch /srv/pg/done${i}`),
    ...['ssh', 'nftables'].flatMap((unit) => [
      `systemctl is-enabled -q ${unit} || systemctl enable -q ${unit}`,
      `systemctl is-active -q ${unit} || systemctl start ${unit}`,
    ]),
    '',
  ].join('\n')
}

function undoScript(): string {
  return [
    'systemctl disable -q --now nftables 2>/dev/null',
    'rm -rf /srv/pg /etc/sysctl.d/bench*.conf',
    'userdel -r bench1 2>/dev/null; userdel -r bench2 2>/dev/null; groupdel bench 2>/dev/null',
    "sed -i '/^192[.]0[.]2[.]/d' /etc/hosts",
    "sed -i '/BENCH_/d; /^# BEGIN/,/^# END/d; /BEGIN.*b[12]/,/END.*b[12]/d; /^B[12]=/d; /^export B[12]/d' /etc/profile",
    ...Object.keys(SYSCTLS).map((key) => `sysctl -qw ${key}=${key.endsWith('bind') ? 0 : 7}`),
    'exit 0',
    '',
  ].join('\n')
}
