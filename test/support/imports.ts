import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { filesBelow } from './workspace.js'

/** Every module that a TypeScript file names: imports, re-exports, `import()`, `require()` and `import type`. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
}

/** The imports of every file of a package's sources, by the file's path below `src/`. */
export function importsBySource(source: string): Map<string, string[]> {
  return new Map(
    filesBelow(source, '.ts').map((path) => [path.slice(source.length + 1), importsOf(readFileSync(path, 'utf8'))]),
  )
}

/**
 * A circle of files that import each other when loaded, as a path that ends where it began; `undefined` when there is none.
 * Imports of types alone vanish when compiled, so they may go round.
 */
export function findCircle(source: string): string[] | undefined {
  const graph = new Map(
    filesBelow(source, '.ts').map((path) => [path, relativeImports(path, loadedImports(readFileSync(path, 'utf8')))]),
  )
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path))
      return [...trail.slice(trail.indexOf(path)), path].map((each) => each.slice(source.length + 1))
    if (finished.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...trail, path])
      if (circle) return circle
    }
    finished.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const circle = visit(path, [])
    if (circle) return circle
  }
  return undefined
}

function loadedImports(text: string): string[] {
  const options = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  return importsOf(ts.transpileModule(text, { compilerOptions: options }).outputText)
}

function relativeImports(path: string, imports: readonly string[]): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => join(dirname(path), name.replace(/\.js$/, '.ts')))
}
