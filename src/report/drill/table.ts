import { html, type Html, type Piece } from './html.ts'

/** A column of a table: `number` cells stand at the right. */
export interface PageColumn<T> {
  readonly title: string
  readonly cell: (row: T) => Piece
  readonly number?: boolean
}

const align = (isNumber: boolean | undefined): Html | undefined =>
  isNumber ? html` class="number"` : undefined

/** A table whose first column names its rows. It scrolls by itself where a screen is too narrow for it. */
export function pageTable<T>(caption: string, columns: readonly PageColumn<T>[], rows: readonly T[]): Html {
  const head = columns.map(({ title, number }) => html`<th scope="col" ${align(number)}>${title}</th>`)
  const body = rows.map(
    (row) =>
      html`<tr>
        ${columns.map(({ cell, number }, at) =>
          at === 0
            ? html`<th scope="row" ${align(number)}>${cell(row)}</th>`
            : html`<td${align(number)}>${cell(row)}</td>`,
        )}
      </tr> `,
  )
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}

/** Names with their values. */
export const pairs = (caption: string, entries: readonly (readonly [string, Piece])[]): Html =>
  html`<table class="pairs">
    <caption>
      ${caption}
    </caption>
    <tbody>
      ${entries.map(
        ([name, value]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${value}</td>
          </tr> `,
      )}
    </tbody>
  </table>`
