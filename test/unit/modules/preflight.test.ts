import { expect, test } from 'vitest'
import { parsePreflight, preflightFaults } from '../../../src/modules/preflight.ts'

/** A host in words of files/common/preflight.sh, with some lines changed or added. */
const host = (more: Readonly<Record<string, string>> = {}, lines: readonly string[] = []) =>
  parsePreflight(
    [
      ...Object.entries({
        now: '1764600000',
        memory_kb: '4194304',
        free_kb: '9000000',
        mount: '/',
        ...more,
      }).map(([name, value]) => `${name} ${value}`),
      'locale C',
      'locale en_US.utf8',
      ...lines,
    ].join('\n'),
  )

const wanted = {
  data_dir: '/var/lib/postgresql/15/main',
  port: 5432,
  locale: 'en_US.UTF-8',
  settings: {},
  packages: [],
  strangers: ['repmgrd'],
}

test('a host with everything passes; spellings of a locale are one', () => {
  expect(preflightFaults(host(), wanted)).toEqual([])
  expect(preflightFaults(host(), { ...wanted, locale: 'C.UTF-8' })).toEqual([])
})

test.each([
  ['no locale', host(), { locale: 'de_DE.UTF-8' }, 'it has no locale de_DE.UTF-8'],
  ['a port that is taken', host({}, ['taken 5432']), {}, 'port 5432 is taken'],
  ['no room', host({ free_kb: '10240', mount: '/data' }), {}, '/data has 10 MiB left'],
  ['too much shared memory', host(), { settings: { shared_buffers: '4GB' } }, 'the host has 4096 MiB'],
  [
    'a limit of its control group',
    host({ limit: '536870912' }),
    { settings: { shared_buffers: '512MB' } },
    'the host has 512 MiB',
  ],
  ['a package that nobody offers', host({}, ['missing postgresql-99']), {}, 'no package postgresql-99'],
  ['another cluster manager', host({}, ['stranger repmgrd']), {}, 'repmgrd runs'],
  ['a clock that was never set', host({ now: '86400' }), {}, 'it says 1970-01-02'],
])('%s is found before anything is changed', (_, found, more, says) => {
  const faults = preflightFaults(found, { ...wanted, ...more })
  expect(faults).toHaveLength(1)
  expect(faults[0]).toContain(says)
})

test('where data is already, only what can still be wrong is looked at', () => {
  const running = host({ free_kb: '1', now: '1764600000' }, ['data yes', 'taken 5432'])
  expect(preflightFaults(running, { ...wanted, locale: 'de_DE.UTF-8' })).toEqual([])
  expect(preflightFaults(running, { ...wanted, settings: { shared_buffers: '4GB' } })).toHaveLength(1)
})

test('what no control group limits is not limited', () => {
  expect(preflightFaults(host({ limit: 'max' }), { ...wanted, settings: { shared_buffers: 16384 } })).toEqual(
    [],
  )
})
