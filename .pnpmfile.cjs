module.exports = {
  hooks: {
    /** What only our checkout needs stays out of the published manifest: a private package named there cannot be resolved. */
    beforePacking({ devDependencies: _, scripts: __, ...manifest }) {
      return manifest
    },
  },
}
