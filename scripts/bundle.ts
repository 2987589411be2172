/**
 * Writes all code of the compiled package into one file, dist/hactl.cjs; src/cli/code.ts runs it. Runs after the
 * compiler, whose files stay for programs that hactl starts by themselves.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, relative, resolve } from 'node:path'

interface Load {
  readonly path: string
}
interface Build {
  onLoad(filter: { filter: RegExp }, load: (args: Load) => { contents: string; loader: 'js' }): void
}
interface Esbuild {
  build(options: object): Promise<{ outputFiles: readonly { readonly text: string }[] }>
}

const DIST = resolve(process.argv[2] ?? resolve(import.meta.dirname, '../dist'))

const esbuild = createRequire(import.meta.url)('esbuild') as Esbuild

/** Where a file stood before it was bundled, for what is looked up beside it. */
const ownPlace = {
  name: 'own-place',
  setup(to: Build) {
    to.onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const own = readFileSync(path, 'utf8')
      if (!path.startsWith(DIST)) return { contents: own, loader: 'js' }
      const place = (file: string): string =>
        `require('node:path').join(__dirname, ${JSON.stringify(relative(DIST, file) || '.')})`
      const contents = own
        .replaceAll('import.meta.dirname', place(dirname(path)))
        .replaceAll('import.meta.filename', place(path))
        .replaceAll('import.meta.url', `require('node:url').pathToFileURL(${place(path)}).href`)
      return { contents, loader: 'js' }
    })
    // Of ssh2 only what a client needs: its agents for HTTP alone load some 30 modules of Node, 6 ms of CPU.
    to.onLoad({ filter: /ssh2\/lib\/index\.js$/ }, () => ({
      contents: `module.exports = {
        Client: require('./client.js'),
        OpenSSHAgent: require('./agent.js').OpenSSHAgent,
        utils: { parseKey: require('./protocol/keyParser.js').parseKey },
      }`,
      loader: 'js',
    }))
    // The optional compiled part of ssh2 stays where npm built it.
    to.onLoad({ filter: /ssh2\/lib\/protocol\/crypto\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace("'./crypto/build", "'ssh2/lib/protocol/crypto/build"),
      loader: 'js',
    }))
  },
}

const ENTRY = `${DIST}/cli/enter.js`
if (readFileSync(ENTRY, 'utf8').includes('bundled(')) throw new Error('run the compiler first: npm run build')

const { outputFiles } = await esbuild.build({
  entryPoints: [ENTRY],
  bundle: true,
  write: false,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  // Without it an import() of a module outside would need a loader that vm.Script does not have.
  supported: { 'dynamic-import': false },
  external: ['*.node', 'cpu-features'],
  plugins: [ownPlace],
  logLevel: 'error',
})
// Read as Latin-1, which costs nothing; beyond ASCII there are only comments of other packages.
const text = (outputFiles[0]?.text ?? '').replaceAll(/^\s*(\*|\/\/).*$/gm, (line) =>
  line.replaceAll(/[^\x00-\x7f]/g, '?'),
)
if (/[^\x00-\x7f]/.test(text)) throw new Error('the bundle holds text beyond ASCII')
const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
writeFileSync(`${DIST}/hactl.cjs`, `// ${hash}\n${text}`)
// From now on it is the one file that runs; the compiler alone puts the many back.
writeFileSync(
  ENTRY,
  "import { bundled } from './code.js'\nexport const enter = (name, argv) => bundled(name).enter(name, argv)\n",
)
