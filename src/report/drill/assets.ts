import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const OWN = fileURLToPath(new URL('../../../assets/report/', import.meta.url))

const own = (name: string): string => readFileSync(`${OWN}${name}`, 'utf8')

const ofPlots = (name: string): string =>
  readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${name}`), 'utf8')

/** Styles of a page, with those of the plots when it has any. */
export const styles = (hasPlots: boolean): readonly string[] =>
  hasPlots ? [ofPlots('uPlot.min.css'), own('page.css')] : [own('page.css')]

/** Our two modules as one script, because a page that is opened as a file may not import anything. */
function drawing(): string {
  const texts = ['paint.js', 'page.js'].map((name) =>
    own(name)
      .replaceAll(/^import .*\n/gm, '')
      .replaceAll(/^export /gm, ''),
  )
  return `(() => {\n'use strict'\n${texts.join('')}})()\n`
}

/** The plotting library and what draws the runs with it. */
export const scripts = (): readonly string[] => [ofPlots('uPlot.iife.min.js'), drawing()]
