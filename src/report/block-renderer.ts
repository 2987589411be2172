import type { Row } from './frame.ts'
import type { Clock } from './view.ts'

/** At most ten drawings a second. */
export const DRAW_MS = 100

/** What the renderer asks of the view. */
export interface RendererOptions {
  readonly draw: (rows: readonly Row[]) => void
  readonly clear: () => void
  readonly clock: Clock
}

/** One host as a listr2 task: it knows how to tell its row. */
interface HostTask {
  readonly rendererTaskOptions: { readonly row?: () => Row }
}

/**
 * Renders a listr2 task list as a block that is never higher than the terminal. The default renderer draws
 * all tasks with log-update, which repeats what has left the top of the terminal at every drawing.
 */
export class BlockRenderer {
  static nonTTY = true
  static rendererOptions: RendererOptions
  static rendererTaskOptions: { row: () => Row }
  readonly #tasks: readonly HostTask[]
  readonly #options: RendererOptions
  #stop: (() => void) | undefined

  constructor(tasks: readonly HostTask[], options: RendererOptions) {
    this.#tasks = tasks
    this.#options = options
  }

  render(): void {
    this.#stop = this.#options.clock.every(DRAW_MS, () => this.#draw())
    this.#draw()
  }

  end(): void {
    this.#stop?.()
    this.#options.clear()
  }

  #draw(): void {
    this.#options.draw(this.#tasks.flatMap((task) => task.rendererTaskOptions.row?.() ?? []))
  }
}
