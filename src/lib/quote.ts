/** Quotes one argument for a POSIX shell. The only place that does. */
export const quote = (arg: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`

/** Quotes an argument array into one shell command. */
export const quoteAll = (argv: readonly string[]): string => argv.map(quote).join(' ')
