/** Makes docs/values.md by sending what it shows, and holds it to that. `pnpm values` writes it anew. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect, isDeepStrictEqual } from 'node:util'
import * as arrow from 'apache-arrow'
import { expect, it } from 'vitest'
import { ArrowData, isPyferryError, NDArray, useArrow, type ValueCodec, type Venv } from '../src/index.js'
import { pythonWithLibraries } from './libraries.js'
import { failureOf, makeVenv } from './support.js'
import {
  asJson,
  type Case,
  fromJavaScript,
  fromPython,
  type Group,
  refusedFromJavaScript,
  refusedFromPython,
  withoutNumpy,
  withoutRule,
} from './values-page/cases.js'

const code = readFileSync(new URL('values-page/values.py', import.meta.url), 'utf8')

class Money {
  constructor(
    readonly cents: number,
    readonly currency: string,
  ) {}
}

const money: ValueCodec<Money, [number, string]> = {
  type: Money,
  name: 'money',
  encode: ({ cents, currency }) => [cents, currency],
  decode: ([cents, currency]) => new Money(cents, currency),
}

it('D-1, D-2, D-3: every value arrives, and comes back, as the page of values says', async () => {
  useArrow(arrow)
  const withLibraries = { interpreter: pythonWithLibraries }
  const start = async (config: object) => {
    const venv = makeVenv({ sources: [{ filename: 'values.py', code }], ...config })
    await venv.start()
    return venv
  }
  const [py, bare, base, strict] = await Promise.all([
    start({ ...withLibraries, codecs: [money] }),
    start({}),
    start({ ...withLibraries, protocol: 'base' }),
    start({ strictValues: true }),
  ])
  const toPython = ['JavaScript', 'arrives in Python as', 'and comes back as', 'base protocol']
  const toJavaScript = ['Python', 'arrives in JavaScript as', 'and back in Python as', 'base protocol']
  const page = [
    head,
    '## From JavaScript',
    ...(await groups(fromJavaScript, toPython, (each) => rowOfJavaScript(each, py, base))),
    ...(await groups([withoutNumpy], toPython.slice(0, 3), (each) => rowOfJavaScript(each, bare))),
    '### Refused',
    await table(['JavaScript', 'error'], refusedFromJavaScript, async (code) => {
      const venv = code.includes('complex') ? bare : py
      return [codeCell(code), refusal(await failureOf(venv.invoke('same', evaluate(code))))]
    }),
    '(An array of complex numbers only where there is no numpy.)',
    '## From Python',
    ...(await groups(fromPython, toJavaScript, (each) => rowOfPython(each, py, base))),
    "### With `values: 'json'`",
    await table(['Python', 'arrives in JavaScript as'], asJson, async (code) => [
      codeCell(code),
      await asked(() => py.callAndAwait('make', code, { values: 'json' })),
    ]),
    '### What no rule carries',
    await table(['Python', 'arrives as its `repr`', 'with `strictValues`'], withoutRule, async (code) => [
      codeCell(code),
      codeCell(inspectShort(await py.invoke('make', code))),
      refusal(await failureOf(strict.invoke('make', code))),
    ]),
    '### Refused',
    await table(['Python', 'error'], refusedFromPython, async (code) => [
      codeCell(code),
      refusal(await failureOf(py.invoke('make', code))),
    ]),
  ]
  const written = fileURLToPath(new URL('../../../docs/values.md', import.meta.url))
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot(written)
}, 300_000)

const head = [
  '# Values',
  '',
  'What travels between JavaScript and Python, and as what. Everything in these tables was sent when the page was made, by a test that fails when it is no longer so; `pnpm values` writes the page anew.',
  '_The same_ is the same to `isDeepStrictEqual`, or a table with the same columns, and in Python in type and `repr`. The last column tells what arrives where only [the base protocol](../protocol/PROTOCOL.md#values) is spoken, or that it is refused.',
  'What is refused fails its own call, and the error names the place: `args.items[3].when`, `result.items[3].model`.',
].join('\n')

async function groups(
  all: readonly Group[],
  head: readonly string[],
  row: (each: Case) => Promise<string[]>,
): Promise<string[]> {
  const parts: string[] = []
  for (const { title, text, cases } of all) {
    parts.push(`### ${title}`)
    if (text !== undefined) parts.push(text)
    parts.push(await table(head, cases, (each) => row(typeof each === 'string' ? { code: each } : each)))
  }
  return parts
}

async function table<C>(
  head: readonly string[],
  cases: readonly C[],
  row: (each: C) => Promise<string[]>,
): Promise<string> {
  const rows = await Promise.all(cases.map(row))
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

async function rowOfJavaScript({ code }: Case, py: Venv, base?: Venv): Promise<string[]> {
  const value = evaluate(code)
  const arrived = await py.invoke<string>('describe', value)
  const back = await py.invoke('same', value)
  const cells = [codeCell(code), codeCell(arrived), isSame(back, value) ? 'the same' : codeCell(inspectShort(back))]
  return base ? [...cells, await inBase(() => base.invoke<string>('describe', value), arrived, codeCell)] : cells
}

async function rowOfPython({ code, older }: Case, py: Venv, base: Venv): Promise<string[]> {
  const value = await py.invoke('make', code)
  const sent = await py.invoke<string>('describe_made', code)
  const back = await py.invoke<string>('describe', value)
  return [
    codeCell(code),
    codeCell(older?.(value) ?? inspectShort(value)),
    back === sent ? 'the same' : codeCell(back),
    await inBase(
      () => base.invoke('make', code),
      value,
      (each) => codeCell(inspectShort(each)),
    ),
  ]
}

async function inBase<T>(send: () => Promise<T>, otherwise: unknown, show: (value: T) => string): Promise<string> {
  try {
    const value = await send()
    return isSame(value, otherwise) ? 'the same' : show(value)
  } catch (error) {
    if (!isPyferryError(error, 'ERR_PYFERRY_UNSERIALIZABLE')) throw error
    return 'refused'
  }
}

async function asked(send: () => Promise<unknown>): Promise<string> {
  try {
    return codeCell(inspectShort(await send()))
  } catch (error) {
    return refusal(error as Error)
  }
}

function evaluate(code: string): unknown {
  const known = { ArrowData, Money, NDArray, arrow }
  return new Function(...Object.keys(known), `return (${code})`)(...Object.values(known))
}

/** Tables keep their memory in many ways. */
function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof arrow.Table && other instanceof arrow.Table) return inspectShort(one) === inspectShort(other)
  return isDeepStrictEqual(one, other)
}

function refusal(error: Error): string {
  expect(error).toMatchObject({ code: 'ERR_PYFERRY_UNSERIALIZABLE' })
  return error.message.replaceAll('|', '\\|')
}

function inspectShort(value: unknown): string {
  if (value instanceof NDArray) return `NDArray ${value.dtype} [${value.shape.join(', ')}]: ${inspectShort(value.data)}`
  if (value instanceof arrow.Table) {
    const columns = value.schema.fields.map(({ name }) => [name, [...value.getChild(name)!]])
    return `Table ${inspectShort(Object.fromEntries(columns))}`
  }
  if (value instanceof Uint8Array && value.length > 20) {
    const format = Object.entries(pictures).find(([, start]) => Buffer.from(value).toString('latin1').startsWith(start))
    return `Uint8Array, ${format?.[0]}`
  }
  return inspect(value, { depth: 5, compact: true, breakLength: Number.POSITIVE_INFINITY })
}

/** By how they begin. */
const pictures = { PNG: '\x89PNG\r\n\x1a\n', TIFF: 'II*\0' }

/** In code everything stands for itself, but for a bar in a table. */
function codeCell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
