import { CsvError, parse } from 'csv-parse/sync'
import type { z } from 'zod'
import { messageOf } from '../../errors.js'
import { type FileRecord, textsOf } from './file-record.js'
import type { Decoded, Decoder } from './format.js'
import { faultOf } from './schema-fault.js'

/** Turns the texts of whole records into objects by column; `csv-parse` reads the fields. */
export class CsvDecoder<Schema extends z.ZodType> implements Decoder<z.output<Schema>> {
  readonly #schema: Schema
  readonly #delimiter: string
  #columns: readonly string[] | undefined

  constructor(schema: Schema, delimiter: string, columns: readonly string[] | undefined) {
    this.#schema = schema
    this.#delimiter = delimiter
    this.#columns = columns
  }

  get needsHeader(): boolean {
    return this.#columns === undefined
  }

  header(text: string): void {
    const { row, fault } = this.#rowOf(text)
    if (row === undefined) throw new Error(`the header ${fault}`)
    const twice = row.find((name, index) => row.indexOf(name) !== index)
    if (twice !== undefined) throw new Error(`the header names the column ${JSON.stringify(twice)} twice`)
    this.#columns = row
  }

  decode(taken: readonly FileRecord[]): Decoded<z.output<Schema>> {
    const { texts, ...fault } = textsOf(taken)
    const rows = this.#rowsAtOnce(texts)
    const records: z.output<Schema>[] = []
    for (const [index, text] of texts.entries()) {
      const { row, fault } = rows === undefined ? this.#rowOf(text) : { row: rows[index], fault: undefined }
      if (row === undefined) return { records, fault: `the record ${fault}` }
      const columns = this.#columns ?? []
      if (row.length !== columns.length) {
        return { records, fault: `the record has ${row.length} fields where ${columns.length} columns are named` }
      }
      const parsed = this.#schema.safeParse(Object.fromEntries(columns.map((column, at) => [column, row[at]])))
      if (!parsed.success) return { records, fault: faultOf(parsed.error) }
      records.push(parsed.data)
    }
    return { records, ...fault }
  }

  /**
   * One call for the whole batch; undefined where any of its records is faulty, which then is looked for one by one.
   */
  #rowsAtOnce(texts: readonly string[]): string[][] | undefined {
    try {
      const rows = this.#parse(texts.join('\n'))
      return rows.length === texts.length ? rows : undefined
    } catch (error) {
      if (error instanceof CsvError) return undefined
      throw error
    }
  }

  #rowOf(text: string): { readonly row?: string[]; readonly fault?: string } {
    try {
      const rows = this.#parse(text)
      return rows.length === 1 && rows[0] !== undefined ? { row: rows[0] } : { fault: 'cannot be read as one record' }
    } catch (error) {
      return { fault: faults[(error as CsvError).code as string] ?? `cannot be read: ${messageOf(error)}` }
    }
  }

  #parse(text: string): string[][] {
    // The number of fields is checked by the caller, who knows the record's place in the file.
    return parse(text, { delimiter: this.#delimiter, record_delimiter: '\n', relax_column_count: true })
  }
}

/** The library counts lines from the beginning of its own input, so its messages would point to the wrong place. */
const faults: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has text between a closing quote and the next delimiter',
  INVALID_OPENING_QUOTE: 'has a quote within a field that does not begin with one',
}
