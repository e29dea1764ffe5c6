// The rate of a copy, from what was seen of it lately.

export interface Sample {
  /** When it was seen, in ms of a clock that does not jump. */
  at: number;
  bytes: number;
}

const WINDOW_MS = 10_000;

/** The samples with one more; a copy that starts anew forgets the old ones. */
export function sampled(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples[samples.length - 1];
  if (last && next.bytes < last.bytes) return [next];
  return [...samples.filter((sample) => next.at - sample.at <= WINDOW_MS), next];
}

/** Bytes a second; null while too little was seen. */
export function rate(samples: readonly Sample[]): number | null {
  const [first] = samples;
  const last = samples[samples.length - 1];
  if (!first || !last || last.at - first.at < 500) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

/** How many seconds are left at that rate; null when nobody can tell. */
export function secondsLeft(
  copied: number,
  estimated: number,
  perSecond: number | null,
): number | null {
  if (perSecond === null || perSecond <= 0 || estimated <= copied) return null;
  return (estimated - copied) / perSecond;
}
