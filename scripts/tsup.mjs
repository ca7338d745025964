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
  clean: true,
  sourcemap: false,
  treeshake: true,
  noExternal: ['@pyferry/errors'],
  dts: {
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: false,
      paths: { '@pyferry/errors': ['../errors/src/index.ts'] },
    },
  },
  ...overrides,
})
