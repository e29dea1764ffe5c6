/**
 * How a lease stands, by how long ago it was seen renewed.
 *
 * A lease record is free when it was seen unchanged for longer than the lease,
 * 1.5 s, and is renewed every 0.4 s (lictord's leadership).
 */
import type { ControlPlane } from "../../api/types";

type Lease = ControlPlane["leases"][number];

const RENEWED_EVERY_US = 400_000;
const ENDS_AFTER_US = 1_500_000;

/** How a lease stands. `late`: renewals were missed, and it still holds. */
export type LeaseState = "held" | "late" | "free" | "unknown";

/** How a lease stands. Without an age its store was never read: it may be anybody's. */
export function leaseState(lease: Pick<Lease, "holder" | "age_us">): LeaseState {
  if (lease.age_us === null) return "unknown";
  if (lease.holder === null) return "free";
  if (lease.age_us > ENDS_AFTER_US) return "free";
  return lease.age_us > 2 * RENEWED_EVERY_US ? "late" : "held";
}

/** Who leads: the holder of every lease that is held, if they agree. */
export function leaders(leases: readonly Lease[]): string[] {
  const holders = leases
    .filter((it) => ["held", "late"].includes(leaseState(it)))
    .map((it) => it.holder);
  return [...new Set(holders.filter((it) => it !== null))].sort();
}
