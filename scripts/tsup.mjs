/**
 * The one way our packages are built: ESM and CommonJS, with declarations for both. `@pyferry/errors` is private and is
 * inlined, code and types, so that a published package has nothing more to install; `paths` does it for the types because
 * tsup's own `dts.resolve` leaves the import in place.
 */
export const packageBuild = (overrides = {}) => ({
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  // Deno, and bundlers for other places, know the built-in modules by this prefix alone.
  removeNodeProtocol: false,
  clean: true,
  sourcemap: false,
  treeshake: true,
  noExternal: ['@pyferry/errors'],
  plugins: [keepClassNames],
  dts: {
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: false,
      paths: { '@pyferry/errors': ['../errors/src/index.ts'] },
    },
  },
  ...overrides,
})

/**
 * esbuild turns a class that mentions itself into `var Venv = class _Venv`, and people would read `_Venv` wherever an object or
 * an error is printed. Its own `keepNames` costs a call for every closure that is made, on the hot path too. Only the class
 * itself is rewritten: the rest of the file holds Python texts, which must stay as they are.
 */
const keepClassNames = {
  name: 'keep-class-names',
  renderChunk(code) {
    const rename = (text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name)
    return { code: code.replaceAll(/^var (\w+) = class _\1 [\s\S]*?^};/gm, rename) }
  },
}
