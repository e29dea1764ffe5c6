// Times as a person types them: in the browser's own time zone, to the minute.

/** The value of an input of type datetime-local; "" for what is no time. */
export function toLocal(iso: string | null | undefined): string {
  const time = new Date(iso ?? NaN);
  if (Number.isNaN(time.getTime())) return "";
  const two = (number: number) => String(number).padStart(2, "0");
  const date = [String(time.getFullYear()).padStart(4, "0"), two(time.getMonth() + 1)];
  return `${[...date, two(time.getDate())].join("-")}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** RFC 3339 in UTC; null for what is no time. */
export function fromLocal(typed: string): string | null {
  const time = new Date(typed);
  return typed === "" || Number.isNaN(time.getTime()) ? null : time.toISOString();
}
