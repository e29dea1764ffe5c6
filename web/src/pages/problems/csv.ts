/**
 * A table as CSV (RFC 4180).
 *
 * Invariant: a cell is read back as the text it was, and no spreadsheet takes it for a formula.
 */

/** Lines that end in CRLF, the first one of names. */
export function csv(names: readonly string[], rows: readonly (readonly string[])[]): string {
  return [names, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
