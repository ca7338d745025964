/**
 * The key of an environment: everything that decides what is in it, as one document, and its hash.
 *
 * Not in it: credentials, versions of tools, bytecode, time, our own version. An unlocked requirement makes the same key
 * whatever the index answers: the same key is the same question.
 */
import { createHash } from 'node:crypto'
import { type CanonicalValue, canonicalJson } from './canonical-json.js'

export type BackendName = 'venv-pip' | 'uv-pip' | 'uv-sync' | 'pixi'

export type SourceKind = 'none' | 'inline' | 'requirements' | 'pyproject' | 'pylock' | 'script' | 'pixi'

/** What a file of a source is; its place is not in the key, so that equal content in two projects shares one environment. */
export type FileRole =
  | 'requirements'
  | 'constraints'
  | 'config'
  | 'pyproject'
  | 'uv-lock'
  | 'pylock'
  | 'script'
  | 'script-lock'
  | 'pixi'
  | 'pixi-lock'

/** Every field is always there, `null` or empty when it says nothing. A change of the rules changes `DIGEST_PREFIX`. */
export interface KeyDocument {
  schema: 1
  backend: BackendName
  /** As Python sees it, which is another than the machine's under emulation. */
  platform: { os: string; arch: string; libc: string | null }
  /** `null` when the tool brings its own (pixi). */
  python: { impl: string; version: string; soabi: string | null; prefix: string } | null
  source: {
    kind: SourceKind
    /** In reading order; `sha256` of the bytes with the logins of URLs blanked. */
    files: { role: FileRole; sha256: string }[]
    /** Normalised PEP 508 strings, sorted, without logins. */
    packages: string[]
    extras: string[]
    groups: string[]
    project: 'none' | 'editable' | 'wheel'
    /** Files and folders that a requirement names by path. */
    local: { path: string; fingerprint: string }[]
  }
  install: {
    index: IndexKey | null
    extraIndex: IndexKey[]
    findLinks: { path: string; sha256: string }[]
    noIndex: boolean
    strategy: 'first-index' | 'unsafe-first-match' | 'unsafe-best-match'
    hashes: 'none' | 'require'
    /** A list: these are built from source, no other may be. */
    build: 'allow' | 'deny' | string[]
    pre: boolean
    /** A date or a time, as given. */
    excludeNewer: string | null
    /** PEP 508 strings, and `sha256` of each constraints file that the variables name. */
    constraints: string[]
  }
  venv: { withPip: boolean; systemSite: boolean }
  extra: Record<string, string>
}

export interface IndexKey {
  /** Without its login. */
  url: string
  auth: boolean
}

export interface Key {
  /** `sha256:` and 64 hex characters. */
  digest: string
  /** The first 80 bits in base 32, 16 characters: alike on file systems that do not tell cases apart. */
  id: string
}

const DIGEST_PREFIX = 'pyferry:env-key\0v1\0'
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export function computeKey(document: KeyDocument): Key {
  const text = canonicalJson(document as unknown as CanonicalValue)
  const hash = createHash('sha256').update(DIGEST_PREFIX).update(text).digest()
  return { digest: `sha256:${hash.toString('hex')}`, id: encodeId(hash) }
}

/** The first 80 bits of a hash, as ids are written. */
export function encodeId(hash: Uint8Array): string {
  return encodeBase32(hash.subarray(0, 10))
}

/** `sha256:<hex>` of some bytes. */
export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The paths of the fields that differ (`python.version`, `source.packages`), sorted; a list counts as one field. */
export function listChangedFields(before: unknown, after: unknown, path = ''): string[] {
  if (!isFields(before) || !isFields(after)) {
    return canonicalText(before) === canonicalText(after) ? [] : [path]
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => listChangedFields(before[name], after[name], path ? `${path}.${name}` : name))
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function canonicalText(value: unknown): string {
  return value === undefined ? '' : canonicalJson(value as CanonicalValue)
}

function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return text
}
