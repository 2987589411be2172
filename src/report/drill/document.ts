import { createHash } from 'node:crypto'
import { html, raw, type Html } from './html.ts'

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

export interface Document {
  readonly title: string
  readonly body: Html
  readonly styles: readonly string[]
  readonly scripts: readonly string[]
}

/** One of our own files as an element: byte by byte what its hash was made of. */
function element(name: 'style' | 'script', text: string): Html {
  if (/<\/(script|style)|<!--/i.test(text)) throw new Error('a file of the page would end its own element')
  return raw(`<${name}>${text}</${name}>\n`)
}

/**
 * A page that needs nothing but itself: styles and scripts are in it, and its policy lets the browser run exactly these, by
 * their hashes, and load nothing from anywhere.
 */
export function document({ title, body, styles, scripts }: Document): string {
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hash).join(' ')}`,
    scripts.length > 0 ? `script-src ${scripts.map(hash).join(' ')}` : "script-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${styles.map((text) => element('style', text))}
      </head>
      <body>
        ${body} ${scripts.map((text) => element('script', text))}
      </body>
    </html> `
  return page.html
}
