/** An interpreter with the libraries whose values travel: numpy, pandas, polars, pyarrow and Pillow, of the versions the Python tests run with. */
const tools: { pythonTools(): Promise<string> } = await import(
  new URL('../../../scripts/lib/python-tools.mjs', import.meta.url).href
)

export const pythonWithLibraries = await tools.pythonTools()
