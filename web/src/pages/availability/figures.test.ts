import { describe, expect, it } from "vitest";
import type { ClusterAvailability } from "../../api/types";
import {
  allowedSecs,
  down,
  newestOutages,
  observedShare,
  percent,
  secs,
  summarise,
  verdicts,
  wholePercent,
  worstFirst,
} from "./figures";

const SOUND: ClusterAvailability = {
  cluster: "orders",
  observed_secs: 86400,
  unavailable_secs: 0,
  availability_percent: 100,
  failures: 0,
  mtbf_secs: null,
  mttr_secs: null,
  objective_availability_percent: 99.9,
  availability_met: true,
  rto_objective_secs: null,
  rto_worst_secs: null,
  rto_met: null,
  rpo_objective_secs: null,
  rpo_worst_secs: null,
  rpo_met: null,
  rpo_sentence: "",
  outages: [],
};

describe("a percentage", () => {
  it("is never rounded up to 100", () => {
    expect(percent(99.9999999)).toBe("99.99999 %");
    expect(percent(99.999999999999)).toBe("99.99999 %");
    expect(percent(100)).toBe("100.00 %");
  });
  it("keeps what was counted, with two to five decimals", () => {
    expect(percent(99.95)).toBe("99.95 %");
    expect(percent(99.5)).toBe("99.50 %");
    expect(percent(99.98765)).toBe("99.98765 %");
    expect(percent(0)).toBe("0.00 %");
  });
});

describe("an objective", () => {
  const failed = { ...SOUND, failures: 1, rto_objective_secs: 10, rpo_objective_secs: 0 };
  it("that is not set is neither met nor missed", () => {
    expect(verdicts({ ...SOUND, objective_availability_percent: null }).availability).toBe("unset");
    expect(verdicts({ ...SOUND, rto_met: true }).rto).toBe("unset");
  });
  it("of which nobody can tell is unknown, not met", () => {
    expect(verdicts({ ...SOUND, availability_met: null }).availability).toBe("unknown");
    expect(verdicts(failed)).toMatchObject({ rto: "unknown", rpo: "unknown" });
  });
  it("on failures is not put to the test where nothing failed", () => {
    expect(verdicts({ ...failed, failures: 0 })).toMatchObject({
      rto: "untested",
      rpo: "untested",
    });
  });
  it("is met or missed as lictord says", () => {
    expect(verdicts({ ...failed, rto_met: false, rpo_met: true })).toEqual({
      availability: "met",
      rto: "missed",
      rpo: "met",
    });
  });
  it("allows for some time without writes", () => {
    expect(allowedSecs({ observed_secs: 1000, objective_availability_percent: 99.5 })).toBeCloseTo(
      5,
    );
    expect(allowedSecs({ observed_secs: 1000, objective_availability_percent: null })).toBeNull();
  });
});

it("no time at all is 0 s, and an unknown one has no number", () => {
  expect([secs(0), secs(0.0125), secs(null)]).toEqual(["0 s", "13 ms", "–"]);
});

it("nobody knows how long a cluster took no writes that nobody looked at", () => {
  expect(down({ observed_secs: 0, unavailable_secs: 0 })).toBe("–");
  expect(down({ observed_secs: 9, unavailable_secs: 0 })).toBe("0 s");
});

it("outages of all clusters are told the newest first", () => {
  const at = (began_at: string) => ({
    began_at,
    ended_at: null,
    secs: 1,
    planned: false,
    cause: "",
    recovery: null,
  });
  const [early, late] = [at("2026-11-22T10:00:00.000Z"), at("2026-11-22T11:00:00.000Z")];
  const found = newestOutages([
    { ...SOUND, outages: [early] },
    { ...SOUND, cluster: "users", outages: [late] },
  ]);
  expect(found).toEqual([
    { ...late, cluster: "users" },
    { ...early, cluster: "orders" },
  ]);
});

describe("a fleet", () => {
  const slow = {
    ...SOUND,
    cluster: "slow",
    availability_percent: 99.99,
    rto_objective_secs: 1,
    rto_met: false,
  };
  const down = {
    ...SOUND,
    cluster: "down",
    availability_percent: 98,
    objective_availability_percent: null,
  };
  const silent = {
    ...SOUND,
    cluster: "silent",
    availability_percent: null,
    availability_met: null,
  };

  it("shows the missed objective first, then the unknown, then the lowest", () => {
    const names = worstFirst([SOUND, down, silent, slow]).map((it) => it.cluster);
    expect(names).toEqual(["slow", "silent", "down", "orders"]);
  });
  it("counts the unknown as unknown", () => {
    expect(summarise([SOUND, down, silent, slow])).toEqual({
      clusters: 4,
      missed: 1,
      unknown: 1,
      failures: 0,
    });
  });
});

describe("the observed share", () => {
  const from = "2026-11-22T00:00:00.000Z";
  const to = "2026-11-23T00:00:00.000Z";
  it("is what was observed of what was asked", () => {
    expect(observedShare({ observed_secs: 21600 }, from, to)).toBe(0.25);
  });
  it("is all but for the newest seconds, and otherwise cut", () => {
    expect([0.99995, 0.9994, 0.919, 0].map(wholePercent)).toEqual([100, 99, 91, 0]);
  });
  it("is nothing of no time, and never more than all", () => {
    expect(observedShare({ observed_secs: 5 }, from, from)).toBe(0);
    expect(observedShare({ observed_secs: 90000 }, from, to)).toBe(1);
  });
});
