// The problems of a cluster, the gravest first.
import type { Cluster, Problem, Severity } from "../../../api/types";

const GRAVITY: Severity[] = ["critical", "warning", "info"];

export function gravestFirst(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity));
}

export function problemsOf(cluster: Cluster, node: string): Problem[] {
  return gravestFirst(cluster.problems.filter((problem) => problem.node === node));
}
