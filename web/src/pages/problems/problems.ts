/**
 * The problems that stand now: which are shown, and in which order.
 *
 * Invariant: the worst is first, and order never depends on arrival.
 */
import type { ClusterProblem, Severity } from "../../api/types";

/** What the list is narrowed to; absent: everything. */
export interface ProblemFilter {
  cluster?: string;
  node?: string;
  code?: string;
  severity?: string;
  q?: string;
}

/** The severities, worst first. */
export const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

/** The problems that the filter lets through. Text is sought in everything that is shown of one. */
export function narrow(
  problems: readonly ClusterProblem[],
  filter: ProblemFilter,
): ClusterProblem[] {
  const text = filter.q?.toLowerCase();
  return problems.filter(
    (it) =>
      (filter.cluster === undefined || it.cluster === filter.cluster) &&
      (filter.node === undefined || it.node === filter.node) &&
      (filter.code === undefined || it.code === filter.code) &&
      (filter.severity === undefined || it.severity === filter.severity) &&
      (text === undefined || shown(it).some((part) => part.toLowerCase().includes(text))),
  );
}

function shown(it: ClusterProblem): string[] {
  return [it.cluster, it.node ?? "", it.code, it.sentence, it.response, ...it.evidence];
}

/** The worst first, then by cluster, code and node. */
export function worstFirst(problems: readonly ClusterProblem[]): ClusterProblem[] {
  return [...problems].sort((a, b) => rank(a) - rank(b) || identity(a).localeCompare(identity(b)));
}

/** What it is sorted by: the smaller, the worse; a severity nobody knows comes before the least. */
export function rank({ severity }: Pick<ClusterProblem, "severity">): number {
  const at = SEVERITIES.indexOf(severity);
  return at < 0 ? SEVERITIES.length - 1.5 : at;
}

/** Which problem it is: there is one of a code at a node of a cluster, or at the cluster. */
export function identity(problem: Pick<ClusterProblem, "cluster" | "code" | "node">): string {
  return [problem.cluster, problem.code, problem.node ?? ""].join(" ");
}

/** How many of each severity. */
export function count(problems: readonly ClusterProblem[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, warning: 0, info: 0 };
  for (const { severity } of problems) if (severity in counts) counts[severity] += 1;
  return counts;
}
