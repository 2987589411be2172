/** Lines that the overview must have. */
export const HELP = [
  'Usage: hactl VERB [INVENTORY] [options]',
  '  history ',
  '  completion ',
  '-i, --inventory FILE',
]

/** Lines that `hactl show` must have for the run of the fixtures. */
export const SHOWN = [
  'run 7f3c1a · apply deploy',
  '+ package[postgresql-15]  version 15.20',
  '✗ pg3 · package[postgresql-15]',
]

/** Options that the page explains once for all verbs. */
export const COMMON = [
  '--inventory',
  '--limit',
  '--forks',
  '--tags',
  '--skip-tags',
  '--list-tasks',
  '--list-tags',
  '--extra-vars',
  '--format',
  '--verbose',
  '--no-color',
  '--secrets-key',
  '--cluster',
]
