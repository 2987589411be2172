/** A command as plans name it: a script by the name it is given (`sh -c SCRIPT name …`), all else by its first line. */
export function commandLabel(command: string | readonly string[]): string {
  if (typeof command !== 'string' && command[0] === 'sh' && command[1] === '-c' && command[3] !== undefined) {
    return command[3]
  }
  const text = typeof command === 'string' ? command : command.join(' ')
  return (text.split('\n', 1)[0] ?? '').slice(0, 60)
}
