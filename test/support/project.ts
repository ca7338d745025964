/** Somebody's project: an empty folder into which packed tarballs are installed, and programs that use them. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { root } from './workspace.js'

const execute = promisify(execFile)

export class Project {
  /** Its links resolved: programs are told their real path. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'pyferry-project-')))

  constructor() {
    this.write('package.json', JSON.stringify({ name: 'somebody', private: true }))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** Install tarballs, and prove on the way that they need nothing else: no index is asked. */
  async install(tarballs: readonly string[]): Promise<void> {
    await this.run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs])
  }

  /** Run a program with the Node that runs the tests. Returns what it wrote to stdout; rejects when it fails. */
  node(...args: string[]): Promise<string> {
    return this.run(process.execPath, args)
  }

  /** The same, in another current folder. */
  nodeIn(folder: string, ...args: string[]): Promise<string> {
    return this.run(process.execPath, args, {}, folder)
  }

  /** As a rejection a failed command says nothing of what it wrote, which is where a compiler says what is wrong. */
  async run(
    file: string,
    args: readonly string[],
    variables: Record<string, string> = {},
    cwd = this.folder,
  ): Promise<string> {
    // What environments share goes with the project as well, and is nobody else's.
    const own = {
      npm_config_cache: join(this.folder, '.npm'),
      PYFERRY_HOME: join(this.folder, '.pyferry'),
      // By which pnpm lets what it runs find packages of ours.
      NODE_PATH: '',
    }
    try {
      const { stdout } = await execute(file, args, {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, ...own, ...variables },
      })
      return stdout
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${file} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
    }
  }

  /** Make the declarations of Node visible; the packages' own come with the packages. */
  addNodeTypes(): void {
    mkdirSync(join(this.folder, 'node_modules/@types'), { recursive: true })
    symlinkSync(join(root, 'node_modules/@types/node'), join(this.folder, 'node_modules/@types/node'))
  }
}

/** The text of a program that uses one package; see `test/consumers/`. */
export function consumer(name: string): string {
  return readFileSync(join(root, 'test/consumers', `${name}.ts`), 'utf8')
}

/** The same program without its types, as an ES module or as CommonJS with real `require` calls. */
export async function compile(text: string, format: 'esm' | 'cjs'): Promise<string> {
  const { code } = await transform(text, { loader: 'ts', format, target: 'node20', platform: 'node' })
  return code
}
