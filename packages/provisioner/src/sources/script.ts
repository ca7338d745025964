/** A Python file with its dependencies in it (PEP 723). */
import { dirname, resolve } from 'node:path'
import { SpecError } from '../errors.js'
import { isExpressible, readDeclaredRequirement } from './declared-requirement.js'
import { readRequiresPython } from './pyproject.js'
import { parseScriptBlocks, type ScriptBlock } from './script-block.js'
import { readText, type SourceFile, tryReadText } from './source-file.js'
import type { Table } from './table.js'
import { parseToml } from './toml.js'
import { listSourcePaths, readUvIndexes, readUvSources, type UvIndex } from './uv-sources.js'

export interface Script {
  /** Absolute. */
  path: string
  /**
   * PEP 508, checked, each with the source that `[tool.uv.sources]` gives it; a login in a URL is kept. Empty when the file has no
   * block: a script that needs nothing but Python. `null` beside a lock file when one of them has a source that only uv, with that
   * file, can install.
   */
  dependencies: string[] | null
  /** Clauses of PEP 440. */
  requiresPython: string | null
  /** The block as it stands in the file, with `\n` between its lines; empty when there is none. The rest of the file is in no key. */
  block: string
  /** `<script>.lock` when that is there, absolute. */
  lock: string | undefined
  /** What decides, for the key: the block, then the lock file. */
  files: SourceFile[]
  uvIndexes: UvIndex[]
  /** Files and folders that `[tool.uv.sources]` names by path, absolute. */
  localPaths: string[]
}

/**
 * Read a script's metadata. The script itself is not run.
 *
 * @throws SpecError (SOURCE_MISSING) when no file is there; (SPEC_INVALID) when it is not UTF-8, has two blocks of the same type, or
 *   one that is not TOML or has a field of another kind, with the line in the script
 * @throws UnsafeRequirementError for a dependency that is not PEP 508
 */
export async function readScript(path: string): Promise<Script> {
  const script = resolve(path)
  const block = findScriptBlock(await readText(script, 'script'), script)
  const lockPath = `${script}.lock`
  const lockText = await tryReadText(lockPath)
  const files: SourceFile[] = [{ role: 'script', path: script, text: block?.text ?? '' }]
  if (lockText !== undefined) files.push({ role: 'script-lock', path: lockPath, text: lockText })
  return {
    path: script,
    ...readMetadata(block, script, lockText !== undefined),
    block: block?.text ?? '',
    lock: lockText === undefined ? undefined : lockPath,
    files,
  }
}

type Metadata = Pick<Script, 'dependencies' | 'requiresPython' | 'uvIndexes' | 'localPaths'>

function readMetadata(block: ScriptBlock | undefined, path: string, hasLock: boolean): Metadata {
  if (block === undefined) return { dependencies: [], requiresPython: null, uvIndexes: [], localPaths: [] }
  // Each line of the content stands two columns to the right in the script.
  const metadata: Table = parseToml(block.content, path, { firstLine: block.line, indent: 2 })
  const folder = dirname(path)
  const uv = metadata.table('tool')?.table('uv')
  const uvSources = readUvSources(uv, folder)
  const dependencies = metadata.texts('dependencies') ?? []
  const context = { file: path, folder, uvSources, localPackages: {} }
  const isLockNeeded = dependencies.some((text, index) => !isExpressible(text, `dependencies[${index}]`, context))
  return {
    dependencies:
      isLockNeeded && hasLock
        ? null
        : dependencies.map((text, index) => readDeclaredRequirement(text, `dependencies[${index}]`, context).text),
    requiresPython: readRequiresPython(metadata),
    uvIndexes: readUvIndexes(uv),
    localPaths: listSourcePaths(uvSources).sort(),
  }
}

function findScriptBlock(text: string, path: string): ScriptBlock | undefined {
  const byType = new Map<string, ScriptBlock>()
  for (const block of parseScriptBlocks(text)) {
    const earlier = byType.get(block.type)
    if (earlier) {
      const [first, second] = [earlier.line - 1, block.line - 1]
      throw new SpecError(
        'SPEC_INVALID',
        `${path}:${second} must be the only block of type ${block.type}, and one begins in line ${first}`,
        { facts: { path, line: second, type: block.type }, hint: 'make one block of the two' },
      )
    }
    byType.set(block.type, block)
  }
  return byType.get('script')
}
