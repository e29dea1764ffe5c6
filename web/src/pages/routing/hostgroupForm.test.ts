import { describe, expect, it } from "vitest";
import type { HostgroupEntry } from "./document";
import { blankServer, formOf, hostgroupOf, wrongIn } from "./hostgroupForm";

const listed: HostgroupEntry = {
  id: 30,
  name: "reports",
  kind: "custom",
  servers: [
    {
      address: "10.0.0.9:3306",
      status: "offline_soft",
      weight: 5,
      max_connections: 10,
      max_replication_lag: 3,
    },
  ],
};
const filled: HostgroupEntry = {
  id: 11,
  name: "orders-readers",
  kind: "reader",
  cluster: "orders",
  role: "replica",
  weight: 1,
  max_connections: 1000,
  max_replication_lag: 0,
};

describe("a hostgroup's form", () => {
  it("makes the entry that it was made of", () => {
    for (const entry of [listed, filled]) expect(hostgroupOf(formOf(entry, [], []))).toEqual(entry);
  });

  it("shows what is left out as it is in force", () => {
    const form = formOf(
      { id: 1, name: "w", kind: "writer", cluster: "orders", role: "primary" },
      [],
      [],
    );
    expect([form.weight, form.max_connections, form.max_replication_lag]).toEqual([
      "1",
      "1000",
      "0",
    ]);
  });

  it("begins a new one with the next number and the first cluster", () => {
    expect(formOf(null, [listed, filled], ["orders"])).toMatchObject({
      id: "31",
      cluster: "orders",
      fill: "listed",
    });
  });

  it("takes no number or address that the document would not", () => {
    const wrong = (change: object) => [...wrongIn({ ...formOf(filled, [], []), ...change })];
    expect(wrong({})).toEqual([]);
    expect(wrong({ weight: "10000001", max_connections: "", id: "-1" })).toEqual([
      "id",
      "weight",
      "max_connections",
    ]);
    expect(wrong({ name: "Orders" })).toEqual(["name"]);
    const servers = [
      ...formOf(listed, [], []).servers,
      ...formOf(listed, [], []).servers,
      blankServer(),
    ];
    expect(wrong({ fill: "listed", servers })).toEqual(["1.address", "2.address"]);
  });
});
