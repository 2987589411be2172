/**
 * Pictures of a page of a drill as people see it: on a desktop, on a phone, in the dark, without JavaScript, on paper. Needs
 * Debian's chromium.
 *
 *     npx tsx scripts/report-shots.ts report.html FOLDER
 *
 * Fails when the page writes to the console, breaks its own policy, or is wider than a phone.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openBrowser, type Browser } from './browser.ts'

const [page, folder] = process.argv.slice(2)
if (page === undefined || folder === undefined) throw new Error('give a page and a folder')

interface View {
  readonly name: string
  readonly width: number
  readonly dark?: boolean
  readonly scripts?: boolean
}

const VIEWS: readonly View[] = [
  { name: 'desktop', width: 1200 },
  { name: 'desktop-dark', width: 1200, dark: true },
  { name: 'phone', width: 390 },
  { name: 'phone-dark', width: 360, dark: true },
  { name: 'no-script', width: 1000, scripts: false },
]

/** Pixels of the page in one picture, and how many pictures of a view. */
const PIECE = 1400
const PIECES = 4

const value = async (browser: Browser, expression: string): Promise<unknown> =>
  (
    (await browser.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }))[
      'result'
    ] as {
      value?: unknown
    }
  ).value

/** Plots are drawn when they come into view; a page without scripts has nothing to wait for. */
async function settle(browser: Browser, scripts = true): Promise<void> {
  const paints =
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))'
  if (scripts) await value(browser, paints)
}

async function shoot(browser: Browser, view: View): Promise<string | undefined> {
  const send: Browser['send'] = (...command) => browser.send(...command)
  const { name, width, dark = false, scripts = true } = view
  const metrics = (height: number) => ({
    width,
    height,
    deviceScaleFactor: width < 500 ? 2 : 1,
    mobile: width < 500,
  })
  await send('Emulation.setScriptExecutionDisabled', { value: !scripts })
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
  })
  await send('Emulation.setDeviceMetricsOverride', metrics(900))
  const loaded = browser.once('Page.loadEventFired')
  await send('Page.navigate', { url: pathToFileURL(resolve(page ?? '')).href })
  await loaded
  await settle(browser, scripts)
  const tall = Number(await value(browser, 'document.documentElement.scrollHeight'))
  await send('Emulation.setDeviceMetricsOverride', metrics(Math.min(tall, 12_000)))
  await settle(browser, scripts)
  for (let top = 0, piece = 1; top < tall && piece <= PIECES; top += PIECE, piece++) {
    const clip = { x: 0, y: top, width, height: Math.min(PIECE, tall - top), scale: 1 }
    const { data } = await send('Page.captureScreenshot', {
      format: 'png',
      clip,
      captureBeyondViewport: true,
    })
    writeFileSync(join(folder ?? '', `${name}-${piece}.png`), Buffer.from(String(data), 'base64'))
  }
  const wide = Number(await value(browser, 'document.documentElement.scrollWidth'))
  return wide > width ? `${name}: the page is ${wide} pixels wide, the screen ${width}` : undefined
}

mkdirSync(folder, { recursive: true })
const browser = await openBrowser()
try {
  const wrongs: string[] = []
  for (const view of VIEWS) wrongs.push(...[await shoot(browser, view)].flatMap((wrong) => wrong ?? []))
  await browser.send('Emulation.setScriptExecutionDisabled', { value: false })
  await browser.send('Emulation.clearDeviceMetricsOverride')
  const loaded = browser.once('Page.loadEventFired')
  await browser.send('Page.reload')
  await loaded
  await settle(browser)
  const { data } = await browser.send('Page.printToPDF', { preferCSSPageSize: true, printBackground: false })
  writeFileSync(join(folder, 'paper.pdf'), Buffer.from(String(data), 'base64'))
  for (const wrong of [...wrongs, ...browser.complaints]) console.error(wrong)
  if (wrongs.length + browser.complaints.length > 0) process.exitCode = 1
} finally {
  await browser.close()
}
