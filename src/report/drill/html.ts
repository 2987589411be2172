/** Text that is HTML already. Only `html` and `raw` make it, so that nothing gets into a page unescaped by accident. */
export interface Html {
  readonly html: string
}

/** What may stand in a template: a text is escaped, a list is joined, nothing is left out. */
export type Piece = Html | string | number | undefined | false | readonly Piece[]

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text as it may stand between tags and in quoted attributes. Control characters, which HTML does not allow, become `�`. */
export const escape = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll(/[<>&"']/g, (character) => ESCAPES[character] ?? '')

function render(piece: Piece): string {
  if (piece === undefined || piece === false) return ''
  if (typeof piece === 'string') return escape(piece)
  if (typeof piece === 'number') return String(piece)
  return 'html' in piece ? piece.html : piece.map(render).join('')
}

/**
 * A template of HTML; every value in it is escaped unless it is HTML itself. Its own text is ASCII (`&middot;`): the build keeps
 * raw texts of templates as they are, and its one file is read as Latin-1.
 */
export const html = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  html: texts.map((text, at) => text + render(pieces[at])).join(''),
})

/** HTML that is known to be safe: our own files. */
export const raw = (text: string): Html => ({ html: text })

/** A value as the text of a `<script type="application/json">`: nothing in it can end that element. */
export const embedded = (value: unknown): Html =>
  raw(
    JSON.stringify(value)
      .replaceAll('<', '\\u003c')
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029'),
  )
