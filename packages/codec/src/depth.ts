/**
 * Values nested deeper than anybody may send (contract D-1, W-4). The parser takes any depth, but whoever walks such a value afterwards
 * runs out of stack.
 */
import { MAX_DEPTH } from './value-walker.js'
import type { JsonValue } from './values.js'

/** Of arrays and objects in version 1, where a map takes two, for its pairs. */
export const MAX_MARKED_DEPTH = 2 * MAX_DEPTH

/** Whether `value`, or an element of it, is nested deeper. @param text - that it was parsed from, where a look at it may spare the walk */
export function isNestedDeeper(value: JsonValue, limit: number, text: string): boolean {
  return mayNestDeeper(text, limit) && isDeeper(value, limit)
}

/** There must be so many brackets: a list of a million numbers has one. */
function mayNestDeeper(text: string, limit: number): boolean {
  if (text.length <= 2 * limit) return false
  let count = 0
  for (const bracket of '[{') {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1
      if (count > limit) return true
    }
  }
  return false
}

function isDeeper(value: JsonValue, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (limit === 0) return true
  if (Array.isArray(value)) {
    for (const each of value) {
      if (typeof each === 'object' && isDeeper(each, limit - 1)) return true
    }
    return false
  }
  for (const name in value) {
    const each = value[name]!
    if (typeof each === 'object' && isDeeper(each, limit - 1)) return true
  }
  return false
}
