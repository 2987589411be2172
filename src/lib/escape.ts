/** How a value is written into a file with a syntax of its own: one function a format, used by templates and modules alike. */

/** A field of a passfile (.pgpass). Throws for a line break, which the format cannot hold. */
export function passfileField(value: string): string {
  if (/[\n\r]/.test(value)) throw new Error('a passfile cannot hold a line break')
  return value.replaceAll(/[\\:]/g, String.raw`\$&`)
}

/** A value of a libpq connection string: plain when it has no blank, quote or backslash. */
export const conninfoValue = (value: string): string =>
  /^[^\s'\\]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`

/** What YAML 1.1 takes for a line break, or not at all, in a text that JSON leaves as it is. */
const YAML_ODD = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/** A value as YAML, 1.1 (PyYAML) and 1.2 alike: JSON, with the few characters escaped that are no JSON to YAML 1.1. */
export const yamlValue = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replaceAll(
    YAML_ODD,
    (char) => String.raw`\u` + char.charCodeAt(0).toString(16).padStart(4, '0'),
  )

/**
 * A value in a file of variables for systemd (EnvironmentFile) and for a shell that sources it: plain where nothing in it means
 * anything, else in double quotes. Throws for a line break.
 */
export function envValue(value: string): string {
  if (/[\n\r]/.test(value)) throw new Error('a file of variables cannot hold a line break')
  if (/^[\w.:/,=@%+-]*$/.test(value)) return value
  return `"${value.replaceAll(/["\\$`]/g, String.raw`\$&`)}"`
}
