import { InvalidArgumentError, Option, type Command } from 'commander'
import { DEFAULT_THRESHOLD, type Threshold } from '../../cluster/drill/compare.ts'
import { parseDuration } from '../../lib/duration.ts'
import type { CompareOptions } from '../report.ts'

/** `20%`, `500ms`, or both with a comma: then both must be passed. */
function threshold(text: string): Threshold {
  const limits = text.split(',').map((each): Threshold => {
    const share = /^(\d{1,4}(?:\.\d+)?)%$/.exec(each)
    if (share) return { share: Number(share[1]) / 100 }
    const ms = parseDuration(each)
    if (ms === undefined) throw new InvalidArgumentError('write it as 20%, 500ms, or 20%,500ms.')
    return { ms }
  })
  return Object.assign({}, ...limits) as Threshold
}

function configureHtml(report: Command): void {
  report
    .command('html')
    .description('the page of a result: one file, for any browser, without network')
    .argument('<result>', 'result.json of a drill, or its folder')
    .option('-o, --output <file>', 'where to write it, "-": standard output; default: report.html beside it')
    .action(async (path: string, options: { readonly output?: string }) => {
      const { htmlVerb } = await import('../report.ts')
      await htmlVerb(path, options)
    })
}

function configureMarkdown(report: Command): void {
  report
    .command('markdown')
    .description(
      'a result as a page of text, for a repository: what was proved, each scenario, how to do it again',
    )
    .argument('<result>', 'result.json of a drill, or its folder')
    .option('-o, --output <file>', 'where to write it; "-": standard output', '-')
    .option('--title <text>', 'heading of the page; default: the cluster')
    .action(async (path: string, options: { readonly output: string; readonly title?: string }) => {
      const { markdownVerb } = await import('../report.ts')
      await markdownVerb(path, options)
    })
}

function configureMerge(report: Command): void {
  report
    .command('merge')
    .description('one result out of several: shards, repeats')
    .argument('<results...>', 'two or more of them')
    .requiredOption('-o, --output <file>', 'where to write it')
    .action(async (paths: readonly string[], options: { readonly output: string }) => {
      const { mergeVerb } = await import('../report.ts')
      await mergeVerb(paths, options)
    })
}

function configureCompare(report: Command): void {
  report
    .command('compare')
    .description('two results side by side; exit 1 when the second one is worse')
    .argument('<a>', 'the result to judge by')
    .argument('<b>', 'the result to be judged')
    .addOption(
      new Option(
        '--threshold <limit>',
        'an outage (p50, p95) may be longer by this: 20%, 500ms, or both (20%,500ms): then both must be passed',
      )
        .argParser(threshold)
        .default(DEFAULT_THRESHOLD, '20%,500ms'),
    )
    .addOption(
      new Option('--format <format>', 'how it is printed').choices(['text', 'json', 'html']).default('text'),
    )
    .option('-o, --output <file>', 'write it into a file')
    .addHelpText(
      'after',
      '\nWorse is: a lost write or a failed run more than before, or an outage longer by more than the threshold.\n' +
        '\nExit code: 0 nothing is worse, 1 something is, 2 wrong input.\n',
    )
    .action(async (a: string, b: string, options: CompareOptions) => {
      const { compareVerb } = await import('../report.ts')
      await compareVerb([a, b], options)
    })
}

/** `hactl report`: what drills found, as a page, in one, or against each other. Contacts no host. */
export function configure(command: Command): void {
  configureHtml(command)
  configureMarkdown(command)
  configureMerge(command)
  configureCompare(command)
  command.addHelpText(
    'after',
    '\nExamples:\n' +
      '  hactl report html .hactl/drills/20261120T144136Z-93b28b\n' +
      '  hactl report markdown both.json -o docs/drills.md\n' +
      '  hactl report merge monday/result.json tuesday/result.json -o both.json\n' +
      '  hactl report compare before.json after.json --threshold 10%,1s\n',
  )
}
