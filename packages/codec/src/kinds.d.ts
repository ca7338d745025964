/**
 * Which objects are bytes, and which hold something that their own properties do not show. Judged by what the engine says of
 * an object rather than by `instanceof`, which fails between realms (a test runner's sandbox, an iframe).
 */
/** An object that JSON cannot carry, for an error message. */
export interface ForeignObject {
  description: string
  /** How to send it nevertheless. */
  hint?: string
}
/** Whether own properties are all there is to `value`: a plain object, or an instance of a class without internal slots. */
export declare function hasOnlyProperties(value: object): boolean
/**
 * The content of a `Uint8Array` (so `Buffer`), `ArrayBuffer` or `DataView`, not copied; `undefined` for anything else. Views of
 * shared memory count: what they show is read once. Detached ones do not: their content is gone.
 */
export declare function tryBytesOf(value: object): Uint8Array | undefined
/** Say what a value is that has neither only properties nor bytes. */
export declare function describeForeign(value: object): ForeignObject
