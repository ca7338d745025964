/** The fields of a TOML table, read by their types: what is of another is refused by its name. */
import { describeValue } from '@pyferry/errors'
import { SpecError } from '../errors.js'
import { redactUrls } from '../redact.js'

export class Table {
  /** Of the file. */
  readonly path: string
  /** Where in the file: `tool.uv`; empty for the whole. */
  readonly field: string
  readonly #values: Readonly<Record<string, unknown>>

  constructor(path: string, field: string, values: Readonly<Record<string, unknown>>) {
    this.path = path
    this.field = field
    this.#values = values
  }

  names(): string[] {
    return Object.keys(this.#values)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name)
  }

  /** The value as it is; `undefined` when there is none. */
  value(name: string): unknown {
    return this.has(name) ? this.#values[name] : undefined
  }

  text(name: string): string | undefined {
    const value = this.value(name)
    return value === undefined ? undefined : isText(value) ? value : this.refuse(name, 'a string')
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name)
    return value === undefined || typeof value === 'boolean' ? value : this.refuse(name, 'true or false')
  }

  table(name: string): Table | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    return isTable(value) ? this.#inner(name, value) : this.refuse(name, 'a table')
  }

  /** Each table of a table of tables, by name. */
  tablesByName(name: string): [name: string, Table][] {
    const outer = this.table(name)
    return outer?.names().map((each) => [each, outer.table(each) as Table]) ?? []
  }

  list(name: string): unknown[] | undefined {
    const value = this.value(name)
    return value === undefined || Array.isArray(value) ? value : this.refuse(name, 'a list')
  }

  texts(name: string): string[] | undefined {
    const list = this.list(name)
    const wrong = list?.findIndex((each) => !isText(each)) ?? -1
    return wrong < 0 ? (list as string[] | undefined) : this.refuse(`${name}[${wrong}]`, 'a string', list?.[wrong])
  }

  tables(name: string): Table[] | undefined {
    return this.list(name)?.map((each, index) => {
      const place = `${name}[${index}]`
      return isTable(each) ? this.#inner(place, each) : this.refuse(place, 'a table', each)
    })
  }

  /** A table made of a value that was found in this one, at `place`. */
  asTable(place: string, value: unknown): Table | undefined {
    return isTable(value) ? this.#inner(place, value) : undefined
  }

  /** Where `name` stands in the file. */
  nameOf(name: string): string {
    return this.field === '' ? name : name === '' ? this.field : `${this.field}.${name}`
  }

  /** @throws SpecError (SPEC_INVALID) naming file, field, what was expected and what stands there */
  refuse(name: string, expected: string, value: unknown = this.value(name)): never {
    const field = this.nameOf(name)
    throw invalidField(this.path, field, `must be ${expected}, not ${describe(value)}`)
  }

  #inner(name: string, values: Readonly<Record<string, unknown>>): Table {
    return new Table(this.path, this.nameOf(name), values)
  }
}

export function invalidField(path: string, field: string, problem: string): SpecError {
  return new SpecError('SPEC_INVALID', `${path}: ${field} ${problem}`, {
    facts: { path, field },
    hint: 'correct the field that the message names',
  })
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function describe(value: unknown): string {
  if (isTable(value)) return 'a table'
  // Before it is cut: a URL without its end is no longer seen to have a login.
  return value instanceof Date ? 'a date' : describeValue(isText(value) ? redactUrls(value) : value)
}
