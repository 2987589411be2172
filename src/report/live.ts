import { Listr } from 'listr2'
import type { EngineEvent } from '../engine/events.ts'
import { formatDuration } from '../lib/duration.ts'
import { BlockRenderer, DRAW_MS } from './block-renderer.ts'
import type { RendererOptions } from './block-renderer.ts'
import { whatOf } from './failure.ts'
import { frame, headingOf, rowOf } from './frame.ts'
import type { Row } from './frame.ts'
import { Painter } from './painter.ts'
import type { Screen } from './painter.ts'
import type { Paint } from './paint.ts'
import { follow, newHost, nothingYet } from './progress.ts'
import { rollup } from './rollup.ts'
import { realClock } from './view.ts'
import type { Clock, View } from './view.ts'

export interface LiveOptions {
  readonly screen: Screen
  readonly paint: Paint
  readonly verbose: number
  readonly clock?: Clock
}

/** Lasting lines about single events; changes are gathered over the hosts by `rollup`. */
function lastingLine(event: EngineEvent, paint: Paint, verbose: number): string | undefined {
  switch (event.kind) {
    case 'task-result': {
      const { result, task, ms } = event
      if (result.status !== 'failed' && result.status !== 'unreachable') return undefined
      return `${paint('red', '✗')} ${task.host} · ${whatOf(task, result.error)}  ${result.error.summary}${ms < 1000 ? '' : paint('dim', ` after ${formatDuration(ms)}`)}`
    }
    case 'host-unreachable':
    case 'host-failed':
      return `${paint('red', '✗')} ${event.host} · ${event.error.summary}`
    case 'notice': {
      const mark = event.level === 'warning' ? paint('yellow', '!') : '·'
      return `${mark} ${event.host === undefined ? '' : `${event.host}: `}${event.text}`
    }
    case 'output':
      return verbose > 0 ? `  ${event.task.host} $ ${event.command}\n${event.text.trimEnd()}` : undefined
    default:
      return undefined
  }
}

/** A listr2 task list with one task a host; all of them end when the run does. */
function hostList(hosts: readonly string[], row: (host: string) => Row, block: RendererOptions): List {
  let finish: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (finish = resolve))
  const tasks = hosts.map((host) => ({
    title: host,
    task: () => ended,
    rendererOptions: { row: () => row(host) },
  }))
  // Ctrl-C belongs to the command line; listr2 would end the process.
  const list = new Listr(tasks, {
    concurrent: true,
    renderer: BlockRenderer,
    rendererOptions: block,
    registerSignalListeners: false,
  })
  return { finish, ended: list.run() }
}

interface List {
  readonly finish: () => void
  readonly ended: Promise<unknown>
}

/**
 * The live view of one run, for a terminal only: what changed and what failed as lasting lines, below them
 * a block with one row a host.
 */
export function liveView({ screen, paint, verbose, clock = realClock }: LiveOptions): View {
  const painter = new Painter(screen)
  const began = clock.now()
  let progress = nothingYet
  let paused = false
  let list: List | undefined

  const draw = (rows: readonly Row[]): void => {
    if (paused) return
    const heading = headingOf(progress, clock.now() - began)
    painter.draw(frame(heading, rows, screen, { paint, tick: Math.floor(clock.now() / DRAW_MS) }))
  }
  const clear = (): void => painter.clear()
  const row = (host: string): Row => rowOf(progress.hosts.get(host) ?? newHost(host), clock.now())
  const changes = rollup({ paint, width: () => screen.columns - 1, say: (line) => painter.log(line) })
  const tell = (event: EngineEvent): void => {
    // What a plan found is told by the plan itself; only commands' output at -v is worth a line before it.
    if (progress.mode === 'plan' && event.kind !== 'output') return
    changes(event)
    const line = lastingLine(event, paint, verbose)
    if (line !== undefined) painter.log(line)
  }

  return {
    emit: (event) => {
      progress = follow(progress, event, clock.now())
      if (event.kind === 'run-start') list = hostList(event.hosts, row, { draw, clear, clock })
      tell(event)
    },
    log: (text) => painter.log(text),
    pause: () => {
      paused = true
      clear()
    },
    resume: () => (paused = false),
    close: async () => {
      list?.finish()
      await list?.ended
      clear()
    },
  }
}
