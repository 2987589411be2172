import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectWords } from '../../src/cli/completion.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { EXIT } from '../../src/diag/diagnostic.ts'
import { COMMON, HELP, SHOWN } from './expected.ts'
import { build, hactl, MAIN, PROBE, removeBuild, start, startOnTerminal } from './spawn.ts'

beforeAll(build, 60_000)
afterAll(removeBuild)

const probe = (...args: readonly string[]) => start(PROBE, args).ended

test('--version prints the version of the package', async () => {
  const { code, stdout } = await hactl('--version')
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown })
})

test.each([['--help'], ['-h'], ['help']])('%s prints the overview', async (argument) => {
  const { code, stdout } = await hactl(argument)
  expect(code).toBe(0)
  for (const line of HELP) expect(stdout).toContain(line)
})

test('no argument prints the overview on standard error and is wrong usage', async () => {
  const { code, stdout, stderr } = await hactl()
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('Usage: hactl VERB')
})

test('a report of a file that is no result is wrong usage and says where results are', async () => {
  const { code, stderr } = await hactl('report', 'html', 'package.json')
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr:
      'error report/no-result: package.json is no result of hactl drill\n' +
      '  hint: results are .hactl/drills/*/result.json beside the inventory\n\n1 error.\n',
  })
})

test('a verb with verbs of its own shows its help when none is given', async () => {
  const { code, stderr } = await hactl('lab')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^Usage: hactl lab .*\n/)
})

test('an unknown verb is wrong usage, with a guess', async () => {
  const { code, stderr } = await hactl('histroy')
  expect(code).toBe(2)
  expect(stderr).toBe(
    'hactl histroy error cli/unknown-verb: no verb called "histroy"\n  hint: did you mean "hactl history"?\n',
  )
})

test('the help of a verb lists its options', async () => {
  for (const args of [
    ['history', '--help'],
    ['help', 'history'],
  ]) {
    const { code, stdout } = await hactl(...args)
    expect(code).toBe(0)
    for (const option of ['--inventory', '--format', '--no-color', '--verbose'])
      expect(stdout).toContain(option)
  }
})

test('an unknown option is wrong usage, with a guess', async () => {
  const { code, stderr } = await hactl('history', '--fromat', 'json')
  expect(code).toBe(2)
  expect(stderr).toContain("hactl history error cli/usage: unknown option '--fromat'")
  expect(stderr).toContain('hint: did you mean "--format"?')
})

test('an option before the verb is the same as after it', async () => {
  const { code, stdout } = await hactl(
    '--format',
    'json',
    'show',
    'nosuch',
    '-i',
    '/nonexistent/inventory.yml',
  )
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ exit: 2, diagnostics: [{ code: 'inventory/not-found' }] })
})

test.each([
  ['--version', 0],
  ['--help', 0],
  ['nosuchverb', 2],
  // The proof that the test can see it.
  ['history', 2],
])('the command line parser is loaded only for a verb: %s', (argument, status) => {
  const code = `
    process.argv.push('hactl', ${JSON.stringify(argument)}, '--nosuchoption')
    process.on('exit', () => {
      const loaded = Object.keys(module._cache).some((name) => name.includes('commander'))
      console.log(loaded ? 'heavy' : 'light')
    })
    const { default: module } = await import('node:module')
    await import(${JSON.stringify(MAIN)})`
  const found = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  expect(found.status).toBe(status)
  expect(found.stdout).toContain(argument === 'history' ? 'heavy' : 'light')
})

test('--version takes little longer than an empty Node', () => {
  const time = (args: readonly string[]): number => {
    const began = performance.now()
    spawnSync(process.execPath, args)
    return performance.now() - began
  }
  const rounds = Array.from({ length: 9 }, () => [time(['-e', '0']), time([MAIN, '--version'])] as const)
  const median = (at: 0 | 1): number => rounds.map((round) => round[at]).sort((a, b) => a - b)[4] ?? 0
  // The target is 1.5; a busy machine must not fail the tests.
  expect(median(1) / median(0)).toBeLessThan(2)
})

test('a refusal is told with its hint, exit 5', async () => {
  const { code, stdout, stderr } = await probe('refuse')
  expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
  expect(stderr).toContain('error guard/no-quorum: pgcluster has no quorum\n  hint: wait for pg2')
})

test('with --format json an error is one JSON document on standard output', async () => {
  const { code, stdout, stderr } = await probe('refuse', '--format', 'json')
  expect({ code, stderr }).toEqual({ code: 5, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ exit: 5, diagnostics: [{ code: 'guard/no-quorum' }] })
})

test.each([
  ['bug', 'TypeError: cannot read x'],
  ['forgotten', 'Error: nobody waited'],
])('%s: any other error is a bug with its stack, exit 70', async (verb, message) => {
  const { code, stderr } = await probe(verb)
  expect(code).toBe(70)
  expect(stderr).toContain('This is a bug in hactl')
  expect(stderr).toContain(message)
  expect(stderr).toContain('/test/cli/probe.')
})

test('a verb may end with an exit code of its own', async () => {
  expect((await probe('fails')).code).toBe(1)
})

test('a reader that goes away ends it quietly', () => {
  const command = `set -o pipefail; "${process.execPath}" "${PROBE}" flood | head -n 2`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'line 0\nline 1\n', stderr: '' })
})

test('colours are off in a pipe, with NO_COLOR and with --no-color', async () => {
  const color = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> =>
    (await start(PROBE, ['color', ...args], { env }).ended).stdout
  expect(await color([])).toBe('word\n')
  expect(await color([], { FORCE_COLOR: '1' })).toBe('\u001b[31mword\u001b[39m\n')
  expect(await color([], { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe('word\n')
  expect(await color(['--no-color'], { FORCE_COLOR: '1' })).toBe('word\n')
})

test('Ctrl-C ends a verb that changes nothing, exit 130', async () => {
  const { child, says, ended } = start(PROBE, ['hang'])
  await says('ready')
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130, stderr: 'ready\nInterrupted.\n' })
})

test('the first Ctrl-C lets a step finish and says which, exit 130', async () => {
  const { child, says, ended } = start(PROBE, ['finish'])
  await says('ready')
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('Stopping after package[x] on pg1. Ctrl-C again aborts at once.')
  expect(stderr).toContain('finished')
})

test('the second Ctrl-C aborts', async () => {
  const { child, says, ended } = start(PROBE, ['finish'])
  await says('ready')
  child.kill('SIGINT')
  await says('finishing')
  child.kill('SIGINT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).not.toContain('finished')
})

test('SIGTERM aborts at once', async () => {
  const { child, says, ended } = start(PROBE, ['finish'])
  await says('ready')
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).not.toContain('finished')
})

test('a closed terminal is a first Ctrl-C: a step is finished, and a verb that changes nothing ends', async () => {
  const { child, says, ended } = start(PROBE, ['finish'])
  await says('ready')
  child.kill('SIGHUP')
  await says('finishing')
  child.kill('SIGHUP')
  expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('finished') as string })
  const hang = start(PROBE, ['hang'])
  await hang.says('ready')
  hang.child.kill('SIGHUP')
  expect((await hang.ended).code).toBe(130)
})

test('a verb that heeds nothing is ended by another Ctrl-C', async () => {
  const { child, says, ended } = start(PROBE, ['stuck'])
  await says('ready')
  const impatient = setInterval(() => child.kill('SIGINT'), 50)
  expect((await ended).code).toBe(130)
  clearInterval(impatient)
})

test('where nobody can be asked a question is refused and names the flag', async () => {
  const { code, stderr } = await probe('confirm')
  expect(code).toBe(5)
  expect(stderr).toContain('nobody can be asked here: Restart pg1?')
  expect(stderr).toContain('hint: answer with --allow restart-primary')
})

test('on a terminal a question is asked', async () => {
  const { child, says, ended } = startOnTerminal(['ask'])
  await says('Name?')
  child.stdin?.write('anna\n')
  expect((await ended).stdout).toContain('name anna, interactive true')
})

test('a secret is not echoed', async () => {
  const { child, says, ended } = startOnTerminal(['secret'])
  await says('Password?')
  child.stdin?.write('geheim\n')
  const { stdout } = await ended
  expect(stdout).toContain('length 6')
  expect(stdout).not.toContain('geheim')
})

test('Ctrl-C at a question ends it, exit 130', async () => {
  for (const verb of ['ask', 'secret']) {
    const { child, says, ended } = startOnTerminal([verb])
    await says('?')
    child.stdin?.write('\u0003')
    expect(await ended).toMatchObject({ code: 130, stdout: expect.stringContaining('nterrupted') as unknown })
  }
})

test('in CI a terminal does not count', async () => {
  const { stdout } = await startOnTerminal(['ask'], { env: { CI: 'true' } }).ended
  expect(stdout).toContain('nobody can be asked here')
})

test('history and show read the journal beside the inventory', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-cli-'))
  try {
    const inventory = join(dir, 'inventory.yml')
    writeFileSync(inventory, 'all: {}\n')
    expect((await hactl('history', inventory)).stdout).toBe('No runs yet.\n')
    const { openJournal, journalDir } = await import('../../src/engine/journal.ts')
    const { broken } = await import('../unit/report/broken.ts')
    const journal = openJournal(journalDir(dir), '7f3c1a', (text) => text)
    for (const event of broken()) journal.write(event)
    expect((await hactl('history', inventory)).stdout).toMatch(/7f3c1a.*apply deploy.*failed, 2 changed/)
    const shown = await start(MAIN, ['show', 'last'], { cwd: dir }).ended
    for (const line of SHOWN) expect(shown.stdout).toContain(line)
    const json = await hactl('show', '7f', '-i', inventory, '--format', 'json')
    expect(JSON.parse(json.stdout)).toMatchObject({ run: '7f3c1a', intact: true, summary: { failed: 1 } })
    expect(await hactl('show', '9', inventory)).toMatchObject({ code: 2 })
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('bash completes verbs, options and the verbs below a verb', async () => {
  const { stdout } = await hactl('completion', 'bash')
  const complete = (...words: readonly string[]): string => {
    const script = `${stdout}\nhactl() { echo switchover; }\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hactl; echo "\${COMPREPLY[*]}"`
    const found = spawnSync('bash', ['-c', script, 'bash', 'hactl', ...words], {
      encoding: 'utf8',
      cwd: tmpdir(),
    })
    expect(found.stderr).toBe('')
    return found.stdout.trim()
  }
  expect(complete('hist')).toBe('history')
  expect(complete('history', '--la')).toBe('--last')
  expect(complete('lab', 'he')).toBe('heal')
  expect(complete('run', 'swi')).toBe('switchover')
})

test.each(['zsh', 'fish'])('%s accepts its completion', async (shell) => {
  if (spawnSync(shell, ['-c', 'true']).error) return
  const dir = mkdtempSync(join(tmpdir(), 'hactl-cli-'))
  const file = join(dir, 'completion')
  writeFileSync(file, (await hactl('completion', shell)).stdout)
  const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
  rmSync(dir, { recursive: true })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('the page about verbs tells every verb and every option', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/verbs.md'), 'utf8')
  const missing = (await collectWords(VERBS, () => undefined)).flatMap(({ verb, options, subverbs }) => {
    const section = page.split(/^## /m).find((part) => part.startsWith(`hactl ${verb.text}`)) ?? ''
    const words = [...options, ...subverbs].map((word) => word.text)
    if (section === '') return [verb.text]
    return words
      .filter((word) => !section.includes(word) && !COMMON.includes(word))
      .map((word) => `${verb.text} ${word}`)
  })
  expect(missing).toEqual([])
})

test('the page about exit codes tells every code', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/exit-codes.md'), 'utf8')
  for (const code of Object.values(EXIT)) expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'))
})
