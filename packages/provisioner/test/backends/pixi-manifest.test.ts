import { expect, test } from 'vitest'
import { findLocalReference } from '../../src/backends/pixi-manifest.js'

test.each([
  ['[pypi-dependencies]\nmine = { path = ".", editable = true }', 2, 'a path dependency'],
  ['[pypi-dependencies.mine]\npath = "."', 2, 'a path dependency'],
  ['[feature.more.pypi-dependencies]\nmine = {editable=true,path="../mine"}', 2, 'a path dependency'],
  ['[dependencies]\nmine.path = "mine"', 2, 'a path dependency'],
  ['[target.linux-64.host-dependencies]\nmine = { path = "mine" }', 2, 'a path dependency'],
  ['[tool.pixi.pypi-dependencies]\nmine = { path = "." }', 2, 'a path dependency'],
  ['[pypi-options]\nfind-links = [{ path = "./wheels" }]', 2, 'a folder of packages'],
  ['[activation]\nenv = { A = "1" }\nscripts = ["a.sh"]', 3, 'an activation script'],
  ['[activation]\nscripts = [\n  "a.sh",\n]', 3, 'an activation script'],
  ['[target.unix]\nactivation = { scripts = ["a.sh"] }', 2, 'an activation script'],
  ['[project]\nchannels = ["./channel"]', 2, 'a channel in a folder beside it'],
  ['[workspace]\nchannels = [\n  "conda-forge",\n  "../channel",\n]', 4, 'a channel in a folder beside it'],
])('E: %j: line %d names %s', (manifest, line, what) => {
  expect(findLocalReference(manifest)).toMatchObject({ line, what })
})

test.each([
  '[dependencies]\npython = "3.12.*"\npath = "*"',
  '[pypi-dependencies]\nsix = { version = "*", extras = ["path = 1"] } # { path = "." }',
  '[activation]\nenv = { SCRIPTS = "a.sh" }',
  '[activation.env]\nA = "a.sh"',
  '[tasks]\nbuild = { cmd = "make", inputs = ["./a"] }',
  '[project]\nchannels = ["conda-forge", "file:///srv/channel"]',
])('E: %j names nothing beside it', (manifest) => {
  expect(findLocalReference(manifest)).toBeUndefined()
})
