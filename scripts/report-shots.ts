/**
 * Pictures of a page of a drill as people see it: on a desktop, on a phone, in the dark, without JavaScript, on paper. Needs
 * Debian's chromium.
 *
 *     npx tsx scripts/report-shots.ts report.html FOLDER
 *
 * Fails when the page writes to the console, breaks its own policy, or is wider than a phone.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'

const [file, folder] = process.argv.slice(2)
if (file === undefined || folder === undefined) throw new Error('give a page and a folder')
const url = pathToFileURL(resolve(file)).href

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
const TALLEST = 12_000

/** The page as a view shows it; what it complains of is added to `wrongs`. */
async function open(browser: Browser, view: View, wrongs: string[]): Promise<Page> {
  const { width, dark = false, scripts = true } = view
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    deviceScaleFactor: width < 500 ? 2 : 1,
    isMobile: width < 500,
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: scripts,
  })
  const page = await context.newPage()
  page.on('console', (message) => wrongs.push(`${view.name}: ${message.text()}`))
  page.on('pageerror', (error) => wrongs.push(`${view.name}: ${error.message}`))
  await page.goto(url)
  return page
}

async function shoot(browser: Browser, view: View, wrongs: string[]): Promise<void> {
  const { name, width } = view
  const page = await open(browser, view, wrongs)
  const { scrollHeight, scrollWidth } = await page
    .locator('html')
    .evaluate(({ scrollHeight: tall, scrollWidth: wide }) => ({ scrollHeight: tall, scrollWidth: wide }))
  // Plots are drawn when they come into view.
  await page.setViewportSize({ width, height: Math.min(scrollHeight, TALLEST) })
  for (let top = 0, piece = 1; top < scrollHeight && piece <= PIECES; top += PIECE, piece++) {
    const clip = { x: 0, y: top, width, height: Math.min(PIECE, scrollHeight - top) }
    await page.screenshot({ path: join(folder ?? '', `${name}-${piece}.png`), clip, fullPage: true })
  }
  if (scrollWidth > width) wrongs.push(`${name}: the page is ${scrollWidth} pixels wide, the screen ${width}`)
  await page.context().close()
}

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const wrongs: string[] = []
try {
  for (const view of VIEWS) await shoot(browser, view, wrongs)
  const page = await open(browser, { name: 'paper', width: 1200 }, wrongs)
  await page.pdf({ path: join(folder, 'paper.pdf'), preferCSSPageSize: true, printBackground: false })
} finally {
  await browser.close()
}
for (const wrong of wrongs) console.error(wrong)
if (wrongs.length > 0) process.exitCode = 1
