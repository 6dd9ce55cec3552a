export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** An aligned table, one line a row, without blanks at the ends of lines. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => row[index]?.length ?? 0)))
  return [titles, ...rows].map((row) =>
    columns
      .map(({ align }, index) => {
        const [cell, width] = [row[index] ?? '', widths[index] ?? 0]
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** `name  value` lines, indented, the values below one another; a value of several lines goes on below itself. */
export function renderFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const present = fields.filter(
    (field): field is readonly [string, string] => field[1] !== undefined && field[1] !== '',
  )
  const width = Math.max(0, ...present.map(([name]) => name.length))
  return present.flatMap(([name, value]) =>
    value.split('\n').map((line, index) => `  ${(index === 0 ? name : '').padEnd(width)}  ${line}`),
  )
}
