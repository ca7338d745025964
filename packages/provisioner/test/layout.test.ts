import { expect, test } from 'vitest'
import { generationOf, isGeneration, newGeneration } from '../src/layout.js'

test('E: what belongs to a generation is told from what is not ours', () => {
  const gen = newGeneration()
  expect(isGeneration(gen)).toBe(true)
  for (const name of [gen, `${gen}.building.json`, `${gen}.requirements.txt`, `${gen}.report.json`]) {
    expect(generationOf(name)).toBe(gen)
  }
  for (const name of ['current.json', 'g123', `${gen}x`, `${gen}.txt`, `x${gen}`, 'G1A2B3C4D', '..']) {
    expect(generationOf(name)).toBeUndefined()
  }
})
