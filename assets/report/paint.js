// @ts-check
// Paints what a plot has beside its lines: pauses, marks, and below it what each member was.
/** @typedef {{ from: number, to: number, state: 'primary' | 'standby' | 'down' | 'unreachable', carries: string[] }} Spell */
/**
 * @typedef {{
 *   from: number, to: number, stepMs: number, acknowledged: number[], failed: number[],
 *   lanes: { host: string, spells: Spell[] }[], marks: { at: number, text: string }[], gaps: [number, number][],
 *   scales: { from: number, to: number, most: number },
 * }} Run
 */
/** @typedef {import('uplot')} Plot */

/** Pixels of the page. */
export const AXIS = 28
export const LANE = 18
export const FONT = '12px system-ui, sans-serif'

/** @param {string} name */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
/** @param {number} ms */
export const toSeconds = (ms) => ms / 1000

/**
 * Pixels of the canvas for one of the page.
 * @param {Plot} plot
 */
const ratio = (plot) => plot.ctx.canvas.width / plot.width

/**
 * The place of a moment on the canvas, kept inside the plot when it is zoomed.
 * @param {Plot} plot
 * @param {number} ms
 */
function place(plot, ms) {
  const { left, width } = plot.bbox
  return Math.min(left + width, Math.max(left, plot.valToPos(toSeconds(ms), 'x', true)))
}

/**
 * @param {Plot} plot
 * @param {number} ms
 */
function isShown(plot, ms) {
  const { min = 0, max = 0 } = plot.scales['x'] ?? {}
  return toSeconds(ms) >= (min ?? 0) && toSeconds(ms) <= (max ?? 0)
}

/**
 * @param {Plot} plot
 * @param {Run} run
 */
export function drawGaps(plot, run) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.fillStyle = color('silent-time')
  for (const [from, to] of run.gaps) {
    const left = place(plot, from)
    ctx.fillRect(left, bbox.top, Math.max(0, place(plot, to) - left), bbox.height)
  }
  ctx.restore()
}

/**
 * Stripes, so that a state is not told by its colour alone.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ x: number, y: number, width: number, height: number }} box
 * @param {number} gap
 */
function stripes(ctx, { x, y, width, height }, gap) {
  ctx.save()
  ctx.beginPath()
  ctx.rect(x, y, width, height)
  ctx.clip()
  ctx.beginPath()
  for (let at = x - height; at < x + width; at += gap) {
    ctx.moveTo(at, y + height)
    ctx.lineTo(at + height, y)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * @param {Plot} plot
 * @param {Spell} spell
 * @param {number} top
 */
function drawSpell(plot, spell, top) {
  const { ctx } = plot
  const px = ratio(plot)
  const x = place(plot, spell.from)
  const box = { x, y: top, width: place(plot, spell.to) - x, height: 8 * px }
  if (box.width <= 0) return
  ctx.lineWidth = px
  ctx.fillStyle = ctx.strokeStyle = color(spell.state)
  if (spell.state === 'unreachable') stripes(ctx, box, 5 * px)
  else if (spell.state === 'down') {
    const inside = Math.min(px, box.width / 2)
    ctx.strokeRect(box.x + inside / 2, box.y + px / 2, Math.max(0, box.width - inside), box.height - px)
  } else ctx.fillRect(box.x, box.y, box.width, box.height)
  if (!spell.carries.includes('writer')) return
  ctx.fillStyle = color('writer')
  ctx.fillRect(box.x, top + 10 * px, box.width, 3 * px)
}

/**
 * @param {Plot} plot
 * @param {Run} run
 */
export function drawLanes(plot, run) {
  const { ctx, bbox } = plot
  const px = ratio(plot)
  const first = bbox.top + bbox.height + (AXIS + 6) * px
  ctx.save()
  ctx.font = FONT.replace('12px', `${12 * px}px`)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'right'
  for (const [index, { host, spells }] of run.lanes.entries()) {
    const top = first + index * LANE * px
    ctx.fillStyle = color('ink')
    ctx.fillText(host, bbox.left - 6 * px, top + 5 * px, bbox.left - 8 * px)
    for (const spell of spells) drawSpell(plot, spell, top)
  }
  ctx.restore()
}

/**
 * @param {Plot} plot
 * @param {Run} run
 */
export function drawMarks(plot, run) {
  const { ctx, bbox } = plot
  const px = ratio(plot)
  const bottom = bbox.top + bbox.height + (AXIS + 6 + run.lanes.length * LANE) * px
  let free = bbox.left
  ctx.save()
  ctx.font = FONT.replace('12px', `${12 * px}px`)
  ctx.fillStyle = ctx.strokeStyle = color('ink')
  ctx.lineWidth = px
  ctx.setLineDash([4 * px, 3 * px])
  for (const { at, text } of run.marks) {
    if (!isShown(plot, at)) continue
    const x = Math.round(place(plot, at)) + 0.5
    ctx.beginPath()
    ctx.moveTo(x, bbox.top - 4 * px)
    ctx.lineTo(x, bottom)
    ctx.stroke()
    const width = ctx.measureText(text).width
    const left = Math.min(Math.max(free, x - width / 2), bbox.left + bbox.width - width)
    ctx.fillText(text, left, bbox.top - 7 * px)
    free = left + width + 8 * px
  }
  ctx.restore()
}
