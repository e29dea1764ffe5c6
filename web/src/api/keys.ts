// The keys of the query cache that more than one file speaks of. A resource's other keys stand in
// its own file under queries/, and begin with the resource's name.

export const keys = {
  clusters: () => ["clusters"] as const,
  cluster: (name: string) => ["cluster", name] as const,
  node: (name: string) => ["node", name] as const,
  recovery: (id: string) => ["recovery", id] as const,
  /** What happened since the page was opened, the newest first. */
  arrived: () => ["arrived"] as const,
  operation: (id: string) => ["operation", id] as const,
};
