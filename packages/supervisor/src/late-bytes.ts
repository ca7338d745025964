/**
 * Bytes that take time to get: of a `Blob`, of an open file (contract D-2, D-4). What is small is read before its call is sent; what is large is
 * read while it is, piece by piece, so that nobody holds a whole file.
 */
import { type ByteSource, type LateMessage, UnserializableError } from '@pyferry/codec'

type Late = LateMessage['sources'][number]
type BlobLike = Extract<Late['source'], { arrayBuffer: unknown }>
type FileHandleLike = Exclude<Late['source'], BlobLike>

/** Up to so many bytes go in a frame among others anyway (`INLINE_BYTES` of the codec). */
const AT_ONCE_BYTES = 64 * 1024

/**
 * Get the bytes, or what they can be read from.
 *
 * @throws UnserializableError with the path to them when they cannot be read, now or later; the error of the platform is its cause
 */
export async function openLate({ source, path }: Late): Promise<Uint8Array | ByteSource> {
  if ('arrayBuffer' in source) {
    // Some that are not the platform's cannot be divided.
    const isWhole = source.size <= AT_ONCE_BYTES || source.slice === undefined
    return isWhole ? await readBlob(source, path) : new BlobBytes(source, path)
  }
  const bytes = await FileBytes.open(source, path)
  return bytes.length <= AT_ONCE_BYTES ? await bytes.read(0, bytes.length) : bytes
}

async function readBlob(blob: BlobLike, path: string): Promise<Uint8Array> {
  return await guard('Blob', path, async () => new Uint8Array(await blob.arrayBuffer()))
}

class BlobBytes implements ByteSource {
  readonly length: number
  readonly #blob: BlobLike
  readonly #path: string

  constructor(blob: BlobLike, path: string) {
    this.length = blob.size
    this.#blob = blob
    this.#path = path
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await readBlob(this.#blob.slice!(offset, offset + length), this.#path)
    // What was announced has to come, or the stream means nothing any more.
    if (bytes.length === length) return bytes
    throw new UnserializableError(this.#path, `the Blob gave ${bytes.length} bytes of ${length}`)
  }
}

/** From its beginning to where its end was when its call was about to be sent. The position that others read from stays where it is. */
class FileBytes implements ByteSource {
  readonly length: number
  readonly #handle: FileHandleLike
  readonly #path: string

  constructor(handle: FileHandleLike, length: number, path: string) {
    this.length = length
    this.#handle = handle
    this.#path = path
  }

  static async open(handle: FileHandleLike, path: string): Promise<FileBytes> {
    const stats = await guard('FileHandle', path, () => handle.stat())
    // A pipe has no end that is known, and a file of the kernel's says that it is empty.
    if (!stats.isFile()) refuse(path, 'of something that is no regular file')
    const bytes = new FileBytes(handle, stats.size, path)
    if (stats.size === 0 && (await bytes.#readSome(new Uint8Array(1), 0)) > 0)
      refuse(path, 'of a file that does not tell its size')
    return bytes
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const count = await this.#readSome(bytes.subarray(filled), offset + filled)
      if (count === 0) {
        const reason = `the FileHandle could not be read: the file has become shorter, ${offset + filled} bytes of ${this.length}`
        throw new UnserializableError(this.#path, reason)
      }
      filled += count
    }
    return bytes
  }

  async #readSome(into: Uint8Array, position: number): Promise<number> {
    const options = { offset: 0, length: into.length, position }
    return (await guard('FileHandle', this.#path, () => this.#handle.read(into, options))).bytesRead
  }
}

function refuse(path: string, what: string): never {
  const hint = 'send what is in it: await handle.readFile()'
  throw new UnserializableError(path, `a call cannot carry a FileHandle ${what}`, { hint })
}

async function guard<T>(what: string, path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new UnserializableError(path, `the ${what} could not be read: ${(cause as Error).message}`, { cause })
  }
}
