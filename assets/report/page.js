// @ts-check
// Draws the runs of a page. Everything else on it is plain HTML.
import { AXIS, color, drawGaps, drawLanes, drawMarks, FONT, LANE, toSeconds } from './paint.js'

/** @typedef {import('./paint.js').Run} Run */
/** @typedef {import('uplot')} Plot */

const Plot = /** @type {typeof import('uplot')} */ (Reflect.get(window, 'uPlot'))
const root = document.documentElement
/** @type {Run[]} */
const runs = JSON.parse(document.getElementById('runs')?.textContent ?? '[]')
const figures = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('figure.plot')])
/** @type {Map<HTMLElement, Plot>} */
const plots = new Map()

const HEIGHT = 170
const PAPER_WIDTH = 640

/**
 * Room at the left for the names of members and for the numbers of the axis.
 * @param {Run} run
 * @param {number} width
 */
function gutter(run, width) {
  const ctx = document.createElement('canvas').getContext('2d')
  if (!ctx) return 60
  ctx.font = FONT
  const names = run.lanes.map(({ host }) => ctx.measureText(host).width)
  return Math.min(width * 0.3, Math.max(36, ...names) + 14)
}

/**
 * @param {Run} run
 * @returns {[number[], number[], (number | null)[]]}
 */
function pointsOf(run) {
  const at = run.acknowledged.map((_, step) => toSeconds(run.from + step * run.stepMs))
  return [
    [...at, toSeconds(run.to)],
    [...run.acknowledged, 0],
    [...run.failed.map((n) => (n === 0 ? null : n)), null],
  ]
}

/**
 * @param {Run} run
 * @param {number} width
 * @returns {import('uplot').Axis[]}
 */
function axesOf(run, width) {
  const axis = { stroke: color('soft'), font: FONT, ticks: { stroke: color('line'), size: 4 } }
  return [
    {
      ...axis,
      size: AXIS,
      space: 56,
      grid: { show: false },
      values: (_plot, splits) => splits.map((each) => `${String(each).replace('-', '−')} s`),
    },
    {
      ...axis,
      size: gutter(run, width),
      space: 28,
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      grid: { stroke: color('line'), width: 1 },
    },
  ]
}

/** @param {import('uplot').Series.PathBuilder | undefined} paths */
const pathOf = (paths) => (paths ? { paths } : {})

/** @returns {import('uplot').Series[]} */
function seriesOf() {
  return [
    { label: 'after the fault', value: (_plot, at) => (at === null ? '–' : `${at.toFixed(1)} s`) },
    {
      label: 'acknowledged',
      stroke: color('acknowledged'),
      fill: color('acknowledged'),
      width: 1,
      ...pathOf(Plot.paths.stepped?.({ align: 1 })),
      points: { show: false },
    },
    {
      label: 'failed',
      stroke: color('failed'),
      fill: color('failed'),
      width: 1,
      ...pathOf(Plot.paths.bars?.({ size: [1, 100], align: 1 })),
      points: { show: false },
      value: (_plot, n) => String(n ?? 0),
    },
  ]
}

/**
 * @param {Run} run
 * @param {number} width
 * @returns {import('uplot').Options}
 */
function optionsOf(run, width) {
  const { from, to, most } = run.scales
  const points = pointsOf(run)[0]
  const lanes = run.lanes.length * LANE + 10
  return {
    width,
    height: HEIGHT + lanes,
    padding: [20, 24, lanes, 0],
    legend: { show: true },
    cursor: { y: false, points: { show: false } },
    scales: {
      x: {
        time: false,
        // All of a run is shown on the scale of its scenario; a part of it as it was chosen.
        range: (_plot, low, high) =>
          low === points[0] && high === points.at(-1) ? [toSeconds(from), toSeconds(to)] : [low, high],
      },
      y: { range: [0, most * 1.05] },
    },
    axes: axesOf(run, width),
    series: seriesOf(),
    hooks: {
      drawClear: [(plot) => drawGaps(plot, run)],
      draw: [
        (plot) => {
          drawLanes(plot, run)
          drawMarks(plot, run)
        },
      ],
    },
  }
}

/**
 * @param {HTMLElement} figure
 * @param {number} [width] Pixels; default: what there is.
 */
function draw(figure, width) {
  const run = runs[Number(figure.dataset['run'])]
  const canvas = /** @type {HTMLElement | null} */ (figure.querySelector('.canvas'))
  const room = width ?? canvas?.clientWidth ?? 0
  if (!run || !canvas || room === 0) return
  plots.get(figure)?.destroy()
  plots.set(figure, new Plot(optionsOf(run, room), pointsOf(run), canvas))
}

const drawAgain = () => {
  for (const figure of plots.keys()) draw(figure)
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue
      if (!plots.has(target)) draw(target)
    }
  },
  { rootMargin: '300px' },
)
for (const figure of figures) seen.observe(figure)

/** Opens the run that a link leads to. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!(target instanceof HTMLDetailsElement)) return
  target.open = true
  target.scrollIntoView()
}

root.classList.add('js')
addEventListener('hashchange', openTarget)
openTarget()
document.getElementById('open-all')?.addEventListener('click', () => {
  for (const each of document.querySelectorAll('details')) each.open = true
})

let width = innerWidth
addEventListener('resize', () => {
  if (innerWidth === width) return
  width = innerWidth
  drawAgain()
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain)
// Paper is light and has a width of its own, also while the screen is dark and wide.
addEventListener('beforeprint', () => {
  root.classList.add('printing')
  for (const figure of figures) if (figure.closest('details')?.open) draw(figure, PAPER_WIDTH)
})
addEventListener('afterprint', () => {
  root.classList.remove('printing')
  drawAgain()
})
