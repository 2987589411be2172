import { execFile, spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The wrapper around a stand-in for the packaged agent: what it calls, and what it leaves alone. */

const TEMPLATES = join(import.meta.dirname, '../../../templates/pacemaker/agent')
const SHELLFUNCS = `OCF_SUCCESS=0
OCF_NOT_RUNNING=7
ocf_log() { echo "$@"; }`
const PACKAGED = `. "$OCF_FUNCTIONS_DIR/ocf-shellfuncs"
set_async_mode() {
    echo "alone without $1"
}
control_slave_status() {
    echo "standbys looked after"
}
runasowner() {
    $1
}
# Root may write anywhere: that nobody may is played.
test() {
    [ "$2" != "$OCF_RESKEY_pgdata" ] || command test -e "$2/writable"
}
if ! runasowner "test -w $OCF_RESKEY_pgdata"; then
    echo "not writable"
    exit 4
fi
case $1 in
    demote) echo demoted ;;
    monitor)
        if [ -n "$HANGS" ]; then
            echo No >"$OCF_RESKEY_tmpdir/quorate"
            while kill -0 "$(cat "$OCF_RESKEY_pgdata/postmaster.pid")" 2>/dev/null; do command sleep 0.1; done
        fi
        if [ -n "$STOPS" ]; then
            kill -STOP "$(cat "$OCF_RESKEY_pgdata/postmaster.pid")"
            while kill -0 "$(cat "$OCF_RESKEY_pgdata/postmaster.pid")" 2>/dev/null; do command sleep 0.1; done
        fi
        [ -z "$LOOKS" ] || control_slave_status || exit 1
        [ -z "$ASKS" ] || "$OCF_RESKEY_psql" -Atc "$ASKS" || exit 1
        echo monitored
        [ -z "$FINDS" ] || exit "$FINDS"
        exit 8
        ;;
    notify) set_async_mode pg2 ;;
esac
`

/** psql as it is called: each member, and the own socket, answers with its timeline when it is a primary. */
const SERVERS = `#!/bin/sh
for argument; do case $argument in *host=*) host=\${argument##*host=} ;; esac; done
cat "ROOT/timelines/\${host%% *}"
`

let root: string
const run = promisify(execFile)

async function put(path: string, text: string): Promise<void> {
  const file = join(root, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  await chmod(file, 0o755)
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hactl-agent-'))
  await put('lib/heartbeat/ocf-shellfuncs', SHELLFUNCS)
  await put('resource.d/heartbeat/pgsql', PACKAGED)
  await put('lib/hactl/ocf-shellfuncs', await readFile(join(TEMPLATES, 'ocf-shellfuncs.hbs'), 'utf8'))
  await put('resource.d/hactl/pgsql', await readFile(join(TEMPLATES, 'pgsql.hbs'), 'utf8'))
  await put('lib/hactl/psql', await readFile(join(TEMPLATES, 'psql.hbs'), 'utf8'))
  await put('bin/crm_attribute', `#!/bin/sh\necho "$*" >>"${root}/attributes"\necho "$POLICY"\n`)
  await put('bin/setpriv', SERVERS.replaceAll('ROOT', root))
  await put(
    'bin/corosync-quorumtool',
    `#!/bin/sh
echo "Quorate:          $(cat "${root}/state/quorate" 2>/dev/null || echo "$QUORATE")"
`,
  )
  await put('bin/attrd_updater', `#!/bin/sh\necho "$*" >>"${root}/counted"\n`)
  await put(
    'bin/ip',
    `#!/bin/sh
case $1 in
  -o) echo '2: eth0    inet 10.77.0.20/24 brd 10.77.0.255 scope global secondary eth0' ;;
  *) echo "ip $*" >>"${root}/ip.log" ;;
esac
`,
  )
  // What a monitor starts and leaves behind: only where a test wants it.
  await put('bin/flock', '#!/bin/sh\n[ -z "$WATCHES" ] || exec /usr/bin/flock "$@"\n')
  await put('data/writable', '')
  await mkdir(join(root, 'state'))
})
// What a monitor leaves behind may still write there.
afterEach(() => rm(root, { recursive: true, maxRetries: 10 }))

interface Ended {
  readonly code: number
  readonly out: string
}

/** The packaged agent with the heads of its functions in another spelling; `from` must be in it. */
async function spelled(from: RegExp, to: string): Promise<void> {
  const text = PACKAGED.replaceAll(from, to)
  expect(text).not.toBe(PACKAGED)
  await put('resource.d/heartbeat/pgsql', text)
}

async function agent(action: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const options = {
    env: {
      PATH: `${root}/bin:${process.env['PATH'] ?? ''}`,
      OCF_ROOT: root,
      __OCF_ACTION: action,
      OCF_RESKEY_pgdata: join(root, 'data'),
      OCF_RESKEY_tmpdir: join(root, 'state'),
      OCF_RESKEY_master_ip: '10.77.0.20',
      OCF_RESKEY_CRM_meta_interval: '2000',
      OCF_RESOURCE_INSTANCE: 'pgsql',
      OCF_RESKEY_socketdir: 'own',
      HA_SBIN_DIR: join(root, 'bin'),
      HA_RSCTMP: join(root, 'state'),
      POLICY: 'stop',
      ...env,
    },
  }
  try {
    const { stdout } = await run('sh', [join(root, 'resource.d/hactl/pgsql'), action], options)
    return { code: 0, out: stdout.trim() }
  } catch (error) {
    const { code, stdout = '' } = error as { code?: number; stdout?: string }
    return { code: Number(code), out: stdout.trim() }
  }
}

/** A process with the name of a server, and its pid file. It ends at SIGQUIT, as a server does. */
async function server(): Promise<{
  readonly pid: number
  readonly ended: Promise<unknown>
  readonly end: () => void
}> {
  await copyFile('/bin/sleep', join(root, 'bin/postgres'))
  const child = spawn(join(root, 'bin/postgres'), ['60'], { stdio: 'ignore' })
  await writeFile(join(root, 'data/postmaster.pid'), `${child.pid}\n`)
  const ended = new Promise((resolve) => {
    child.once('exit', (_code, signal) => resolve(signal))
  })
  return { pid: child.pid ?? 0, ended, end: () => child.kill('SIGKILL') }
}

const notified = (type: string, operation: string) => ({
  OCF_RESKEY_CRM_meta_notify_type: type,
  OCF_RESKEY_CRM_meta_notify_operation: operation,
})

test('a standby that is gone is given up with a quorum only', async () => {
  const { end } = await server()
  const gone = (env: Readonly<Record<string, string>>) =>
    agent('notify', { ...notified('post', 'stop'), ...env })
  expect((await gone({ QUORATE: 'Yes' })).out).toBe('alone without pg2')
  expect((await gone({ QUORATE: 'No', POLICY: 'ignore' })).out).toBe('alone without pg2')
  expect((await gone({ QUORATE: 'No' })).out).toMatch(/^warn Without a quorum: commits go on waiting/)
  end()
})

test.each([
  ['the brace on the next line', /^([a-z_]+\(\)) \{/gm, '$1\n{'],
  ['a blank before the parentheses', /^([a-z_]+)\(\) \{/gm, '$1 () {'],
  ['another name of one function', /^set_async_mode\(\)/gm, 'set_async()'],
  ['one function in two places', /^control_slave_status\(\) \{\n.*\n\}/gm, '$&\n$&'],
])('%s in the packaged agent: nothing runs without its corrections', async (_, from, to) => {
  const { end } = await server()
  await spelled(from, to)
  const gone = { QUORATE: 'No', ...notified('post', 'stop') }
  for (const action of ['notify', 'monitor', 'start', 'promote', 'demote']) {
    const { code, out } = await agent(action, gone)
    expect([action, code, out]).toEqual([action, 5, ''])
  }
  // What runs must be stopped all the same, and tools ask what the agent is.
  expect((await agent('stop', {})).code).not.toBe(5)
  expect((await agent('meta-data', {})).code).not.toBe(5)
  end()
})

test('why the agent does not run is told in the words that Pacemaker shows', async () => {
  await spelled(/^runasowner\(\)/gm, 'run_as_owner()')
  const env = { PATH: '/usr/bin:/bin', OCF_ROOT: root, __OCF_ACTION: 'monitor' }
  const failed = run('sh', [join(root, 'resource.d/hactl/pgsql'), 'monitor'], { env })
  await expect(failed).rejects.toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/^ocf-exit-reason:.*resource-agents.*runasowner/) as string,
  })
})

test('all heads in the spelling of today are renamed', async () => {
  await spelled(/^([a-z_]+\(\)) \{/gm, '$1{')
  const { end } = await server()
  expect(await agent('notify', { QUORATE: 'No', ...notified('post', 'stop') })).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^warn Without a quorum/) as string,
  })
  end()
})

test.each([
  ['pre', 'demote', ''],
  ['pre', 'stop', ''],
  ['pre', 'start', ''],
  ['post', 'start', ''],
  ['post', 'stop', ''],
  ['pre', 'promote', 'alone without pg2'],
  ['post', 'promote', 'alone without pg2'],
  ['post', 'demote', 'alone without pg2'],
])(
  'on a standby the notification %s-%s reaches the packaged agent when it makes something of it',
  async (type, operation, out) => {
    expect(await agent('notify', { QUORATE: 'Yes', ...notified(type, operation) })).toEqual({ code: 0, out })
  },
)

test('its versions and names are found without starting programs', async () => {
  const asks = `ocf_local_nodename; have_binary "sh -c" && echo found; have_binary nothing-like-it || echo missing
set -- 15 9.3  9.6 12  9.3 9.3  3.16.1 3.1.0  9.1 9.1.1  devel 10
while [ $# -gt 0 ]; do ocf_version_cmp "$1" "$2"; echo "$1 $2 $?"; shift 2; done`
  const env = { PATH: '/usr/bin:/bin', OCF_ROOT: root, OCF_RESKEY_CRM_meta_on_node: 'pg7' }
  const { stdout } = await run('sh', ['-c', `. ${join(root, 'lib/hactl/ocf-shellfuncs')}\n${asks}`], { env })
  expect(stdout.trim().split('\n')).toEqual([
    'pg7',
    'found',
    'missing',
    '15 9.3 2',
    '9.6 12 0',
    '9.3 9.3 1',
    '3.16.1 3.1.0 2',
    '9.1 9.1.1 0',
    'devel 10 3',
  ])
})

test('a primary without a quorum shuts itself down, keeps its lock and lets the writer address go', async () => {
  const { ended } = await server()
  const { code, out } = await agent('monitor', { QUORATE: 'No' })
  expect(await ended).toBe('SIGQUIT')
  expect({ code, out }).toMatchObject({ code: 7, out: expect.stringContaining('shut down') as unknown })
  expect(await readFile(join(root, 'state/PGSQL.lock'), 'utf8')).toBe('')
  expect(await readFile(join(root, 'ip.log'), 'utf8')).toBe('ip addr del 10.77.0.20/24 dev eth0\n')
})

test('it does not wait until Pacemaker comes to demote it', async () => {
  const { ended } = await server()
  const { code, out } = await agent('notify', { QUORATE: 'No', ...notified('pre', 'demote') })
  expect(await ended).toBe('SIGQUIT')
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringContaining('Without a quorum') as unknown,
  })
  expect(await readFile(join(root, 'ip.log'), 'utf8')).toBe('ip addr del 10.77.0.20/24 dev eth0\n')
})

test('it steps down also beside a monitor that hangs', async () => {
  const { ended } = await server()
  expect(await agent('monitor', { QUORATE: 'Yes', HANGS: '1' })).toEqual({ code: 8, out: 'monitored' })
  expect(await ended).toBe('SIGQUIT')
  const log = () => readFile(join(root, 'ip.log'), 'utf8').catch(() => '')
  await expect.poll(log).toBe('ip addr del 10.77.0.20/24 dev eth0\n')
})

test.each(['monitor', 'demote'])(
  'a server stopped by a signal is killed before a %s: it would answer nothing else',
  async (action) => {
    const { ended, pid } = await server()
    await writeFile(join(root, 'state/PGSQL.lock'), '')
    process.kill(pid, 'SIGSTOP')
    const { out } = await agent(action, { QUORATE: 'Yes', FINDS: '7' })
    expect(await ended).toBe('SIGKILL')
    expect(out).toContain('stopped by a signal')
  },
)

test('a primary stopped beside its monitor is killed and given up; a probe kills nothing', async () => {
  const { ended, pid, end } = await server()
  process.kill(pid, 'SIGSTOP')
  const probe = { QUORATE: 'Yes', OCF_RESKEY_CRM_meta_interval: '0' }
  expect(await agent('monitor', probe)).toEqual({ code: 8, out: 'monitored' })
  process.kill(pid, 'SIGCONT')
  const hanging = agent('monitor', { QUORATE: 'Yes', STOPS: '1' })
  expect((await hanging).code).toBe(8)
  expect(await ended).toBe('SIGKILL')
  const counted = () => readFile(join(root, 'counted'), 'utf8').catch(() => '')
  await expect.poll(counted).toContain('--update INFINITY --name fail-count-pgsql#monitor_2000')
  end()
})

test('a primary that has no slot free for its monitor is asked again, one that answers with an error is not', async () => {
  const { end, ended } = await server()
  const busy = (code: number, times: number) => `#!/bin/sh
echo try >>"${root}/tries"
[ "$(wc -l <"${root}/tries")" -gt ${times} ] || exit ${code}
echo "answer to $2"
`
  const asked = { QUORATE: 'Yes', ASKS: 'select 1', OCF_RESKEY_psql: join(root, 'bin/psql') }
  await put('bin/psql', busy(2, 2))
  expect(await agent('monitor', asked)).toEqual({ code: 8, out: 'answer to select 1\nmonitored' })
  await rm(join(root, 'tries'))
  await put('bin/psql', busy(1, 1))
  expect((await agent('monitor', asked)).code).toBe(1)
  await rm(join(root, 'tries'))
  await put('bin/psql', busy(2, 100))
  expect((await agent('monitor', asked)).code).toBe(1)
  expect((await readFile(join(root, 'tries'), 'utf8')).split('\n')).toHaveLength(5)
  end()
  expect(await ended).toBe('SIGKILL')
})

const LOOKS = { QUORATE: 'Yes', LOOKS: '1', OCF_RESKEY_node_list: 'pg1 pg2 pg3' }
/** Nobody has looked at it for a minute. */
const stoodStill = async () =>
  writeFile(
    join(root, 'state/hactl-pgsql.seen'),
    String(Number.parseInt(await readFile('/proc/uptime', 'utf8'), 10) - 60),
  )

async function timelines(of: Readonly<Record<string, string>>): Promise<void> {
  for (const [host, timeline] of Object.entries(of)) await put(`timelines/${host}`, `${timeline}\n`)
}

test.each([
  ['when nobody has looked at it for long', 'monitor', { ...LOOKS, LOOKS: '' }, stoodStill, 7],
  ['before it takes others for its standbys', 'monitor', LOOKS, async () => {}, 1],
  [
    'before Pacemaker stops the newer one',
    'notify',
    { ...LOOKS, ...notified('pre', 'demote') },
    async () => {},
    0,
  ],
] as const)(
  'a primary steps down for one with a newer timeline %s',
  async (_when, action, env, before, code) => {
    const { ended } = await server()
    await timelines({ own: '0000000F', pg1: '0000000F', pg2: '00000010', pg3: '' })
    await before()
    const done = await agent(action, env)
    expect(await ended).toBe('SIGQUIT')
    expect(done.code).toBe(code)
    expect(done.out).toContain('Another primary has a newer timeline')
    expect(done.out).not.toContain('standbys looked after')
    expect(await readFile(join(root, 'state/PGSQL.lock'), 'utf8')).toBe('')
    expect(await readFile(join(root, 'ip.log'), 'utf8')).toBe('ip addr del 10.77.0.20/24 dev eth0\n')
    const attributes = () => readFile(join(root, 'attributes'), 'utf8').catch(() => '')
    await expect.poll(attributes).toContain('-p pgsql -v -INFINITY')
  },
)

test('beside Pacemaker it steps down as soon as another is promoted, but not in maintenance', async () => {
  const { ended, pid } = await server()
  const isServing = () => (process.kill(pid, 0) ? 'serving' : '')
  const asked = () => readFile(join(root, 'attributes'), 'utf8').catch(() => '')
  await timelines({ own: '0000000F', pg1: '0000000F', pg2: '', pg3: '' })
  const env = { QUORATE: 'Yes', WATCHES: '1', OCF_RESKEY_node_list: 'pg1 pg2 pg3', POLICY: 'true' }
  expect(await agent('monitor', env)).toEqual({ code: 8, out: 'monitored' })
  await timelines({ pg2: '00000010' })
  await expect.poll(asked).toContain('maintenance-mode --query')
  expect(isServing()).toBe('serving')
  await put('bin/crm_attribute', '#!/bin/sh\n')
  expect(await ended).toBe('SIGQUIT')
  const log = () => readFile(join(root, 'ip.log'), 'utf8').catch(() => '')
  await expect.poll(log).toBe('ip addr del 10.77.0.20/24 dev eth0\n')
})

async function watchers(): Promise<number> {
  const { stdout } = await run('pgrep', ['-fc', `^sh ${root}/lib/hactl/ocf-shellfuncs`]).catch(() => ({
    stdout: '0',
  }))
  return Number(stdout)
}

test('one watches at a time, and ends with its primary', async () => {
  const { end, ended } = await server()
  await timelines({ own: '0000000F' })
  const env = { QUORATE: 'Yes', WATCHES: '1', OCF_RESKEY_node_list: 'pg1 pg2 pg3' }
  await agent('monitor', env)
  await expect.poll(watchers).toBeGreaterThan(0)
  for (let monitors = 0; monitors < 3; monitors += 1) await agent('monitor', env)
  // Each has a child at times: a shell that asks in the background.
  const parents = await run('sh', [
    '-c',
    `for p in $(pgrep -f '^sh ${root}/lib/hactl/ocf-shellfuncs'); do ps -o sid= -p $p; done | sort -u`,
  ])
  expect(parents.stdout.trim().split('\n')).toHaveLength(1)
  end()
  expect(await ended).toBe('SIGKILL')
  await expect.poll(watchers).toBe(0)
})

test.each([
  ['newer', 60_000],
  ['older, as by a clock that was set back', -60_000],
])('what watches makes room when its file is replaced by one that is %s', async (_what, ms) => {
  const { end } = await server()
  const file = join(root, 'lib/hactl/ocf-shellfuncs')
  await agent('monitor', { QUORATE: 'Yes', WATCHES: '1', OCF_RESKEY_node_list: 'pg1' })
  await expect.poll(watchers).toBeGreaterThan(0)
  const at = new Date(Date.now() + ms)
  await utimes(file, at, at)
  await expect.poll(watchers).toBe(0)
  await agent('monitor', { QUORATE: 'Yes', WATCHES: '1', OCF_RESKEY_node_list: 'pg1' })
  // It lives: it asks again and again.
  const asked = join(root, 'asked')
  await put('bin/setpriv', `#!/bin/sh\necho >>"${asked}"\n`)
  const times = async () => (await readFile(asked, 'utf8').catch(() => '')).length
  await expect.poll(times).toBeGreaterThan(3)
  expect(await watchers()).toBeGreaterThan(0)
  end()
  await expect.poll(watchers).toBe(0)
})

test.each([
  ['of the same timeline', { own: '0000000F', pg2: '0000000F' }],
  ['of an older one', { own: '0000000F', pg2: '00000009', pg3: '' }],
  ['that does not answer', { own: '0000000F' }],
])('it stays beside another server %s', async (_what, of) => {
  const { end, ended } = await server()
  await timelines(of)
  await stoodStill()
  expect(await agent('monitor', LOOKS)).toEqual({ code: 8, out: 'standbys looked after\nmonitored' })
  end()
  expect(await ended).toBe('SIGKILL')
})

test('a primary that crashed is given up at once: its lock would refuse the start that is tried next', async () => {
  const counted = () => readFile(join(root, 'counted'), 'utf8').catch(() => '')
  // A standby has no lock; a probe happens before anything is known; what runs is not given up.
  expect((await agent('monitor', { FINDS: '7' })).code).toBe(7)
  await writeFile(join(root, 'state/PGSQL.lock'), '')
  expect((await agent('monitor', { FINDS: '7', OCF_RESKEY_CRM_meta_interval: '0' })).code).toBe(7)
  expect((await agent('monitor', { FINDS: '0' })).code).toBe(0)
  expect(await counted()).toBe('')
  expect((await agent('monitor', { FINDS: '7' })).code).toBe(7)
  expect(await counted()).toBe('--update INFINITY --name fail-count-pgsql#monitor_2000\n')
})

test.each([
  ['with a quorum', { QUORATE: 'Yes' }, false],
  ['where the operator lets it go on without one', { QUORATE: 'No', POLICY: 'ignore' }, false],
  ['at a probe', { QUORATE: 'No', OCF_RESKEY_CRM_meta_interval: '0' }, false],
  ['a standby', { QUORATE: 'No' }, true],
  ['a standby that a signal has stopped', { QUORATE: 'Yes', STOPPED: '1' }, true],
] as const)('%s it is only monitored', async (_what, env, isStandby) => {
  const { end, ended, pid } = await server()
  if (isStandby) await writeFile(join(root, 'data/standby.signal'), '')
  if ('STOPPED' in env) process.kill(pid, 'SIGSTOP')
  expect(await agent('monitor', env)).toEqual({ code: 8, out: 'monitored' })
  end()
  expect(await ended).toBe('SIGKILL')
})

test('a data directory without the right to write keeps nobody from demoting or stopping what runs there', async () => {
  await rm(join(root, 'data/writable'))
  expect(await agent('monitor', { QUORATE: 'Yes' })).toEqual({ code: 4, out: 'not writable' })
  expect(await agent('demote', { QUORATE: 'Yes' })).toEqual({ code: 0, out: 'demoted' })
  expect(await agent('stop', { QUORATE: 'Yes' })).toEqual({ code: 0, out: '' })
})

test('without the packaged agent it fails, rather than to say that all is well', async () => {
  await rm(join(root, 'resource.d/heartbeat/pgsql'))
  expect((await agent('monitor', { QUORATE: 'Yes' })).code).toBe(5)
})
