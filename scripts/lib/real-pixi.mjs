/**
 * A real pixi to test with. Today's is in no package registry; Rust's has 0.15.2, which is built here from its crate, once: five
 * minutes on two cores.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root, run } from './process.mjs'

const version = '0.15.2'

/** The path of the executable, built when it is not there yet. @throws when it cannot be built */
export function ensureRealPixi() {
  const pixi = join(root, '.cache/pixi', version, 'pixi')
  if (existsSync(pixi)) return pixi
  const work = mkdtempSync(join(tmpdir(), 'pyferry-pixi-'))
  try {
    const source = join(work, 'pixi')
    cpSync(fetchCrate(work), source, { recursive: true })
    mend(join(source, 'src/utils/barrier_cell.rs'))
    // It asks for the Rust of its day; and the `time` that is locked does not compile with today's.
    rmSync(join(source, 'rust-toolchain'), { force: true })
    cargo(['update', '--package', 'time', '--precise', '0.3.36'], source)
    cargo(['build', '--release', '--locked'], source)
    mkdirSync(dirname(pixi), { recursive: true })
    copyFileSync(join(source, 'target/release/pixi'), `${pixi}.new`)
    renameSync(`${pixi}.new`, pixi)
    return pixi
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Installs `patchelf` where it is missing: with it an installed Python becomes a package that works at any place. */
export function ensurePatchelf() {
  const isThere = () => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'patchelf')))
  if (isThere()) return
  run('apt-get', ['update', '-q'])
  run('apt-get', ['install', '-y', '-q', 'patchelf'])
  if (!isThere()) throw new Error('patchelf is missing, and could not be installed by apt-get')
}

/**
 * The crate's source, where cargo itself unpacks it. `cargo info` downloads the one crate; `cargo install` would not do: it
 * cannot replace one version of the lock.
 */
function fetchCrate(work) {
  execFileSync('cargo', ['info', '--quiet', `pixi@${version}`], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] })
  const registries = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src')
  const found = readdirSync(registries)
    .map((registry) => join(registries, registry, `pixi-${version}`))
    .find((folder) => existsSync(folder))
  if (found === undefined) throw new Error(`cargo did not unpack pixi ${version} below ${registries}`)
  return found
}

/**
 * 0.15.2 hangs in one of twenty solves: what waits for a value does not look whether it has come already, and is woken by the
 * coming alone. A test cannot have that; it is mended as later versions of pixi are, and nothing else is changed.
 */
function mend(file) {
  const broken = '        self.notify.notified().await;\n'
  const mended = `        let notified = self.notify.notified();
        if self.state.load(Ordering::Acquire) != BarrierCellState::Initialized as u8 {
            notified.await;
        }
`
  const source = readFileSync(file, 'utf8')
  if (!source.includes(broken)) throw new Error(`${file} is not what it was`)
  writeFileSync(file, source.replace(broken, mended))
}

function cargo(args, cwd) {
  // With a low priority: it takes every core for minutes.
  if (!run('nice', ['-n', '10', 'cargo', ...args], { cwd }))
    throw new Error(`cargo ${args[0]} of pixi ${version} failed`)
}
