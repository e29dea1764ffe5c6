// How clusters are told apart on a map: a colour and a pattern each, besides the name.
import css from "./paint.module.css";

const COLOURS = [css.one, css.two, css.three, css.four, css.five, css.six];
const PATTERNS = [css.plain, css.stripes, css.dots, css.rising, css.grid];

/** The look of each of these clusters; the same for the same set of names. */
export function paints(clusters: Iterable<string>): (cluster: string) => string {
  const names = [...new Set(clusters)].sort();
  const looks = new Map(names.map((name, at) => [name, look(at)]));
  return (cluster) => looks.get(cluster) ?? look(0);
}

/** Neighbours in the alphabet differ in both; 30 looks in all. */
function look(at: number): string {
  const colour = COLOURS[at % COLOURS.length] ?? "";
  const pattern = PATTERNS[at % PATTERNS.length] ?? "";
  return `${colour} ${pattern}`;
}
