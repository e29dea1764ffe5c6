// The shard map: a bar for each keyspace, where a key lives, and the edits of shards.
//
// Without a draft it shows the routing table that subscribers have; with one, what the draft says.
import { Plus, Split } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useResolution, useRouting } from "../../api/queries/routing";
import type { RoutingTable } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import type { Document } from "./document";
import { ofDocument, ofTable, type KeyspaceShape } from "./geometry";
import { KeyspaceCard } from "./KeyspaceCard";
import { KeyspaceDialog } from "./KeyspaceDialog";
import { paints } from "./paint";
import { ResolveBox } from "./ResolveBox";
import css from "./routing.module.css";
import { useMay } from "../../ui/useMay";
import { useEditing } from "./editing";

export function ShardMap() {
  const routing = useRouting();
  return <Loaded query={routing}>{(table) => <AllKeyspaces table={table} />}</Loaded>;
}

function AllKeyspaces({ table }: { table: RoutingTable }) {
  const { t } = useTranslation("routing");
  const { why } = useMay("administer");
  const { document, isDraft } = useEditing();
  const [adding, setAdding] = useState(false);
  const [search] = useSearchParams();
  const shapes = useMemo(
    () => shapesOf(table, isDraft ? document : null),
    [table, document, isDraft],
  );
  const paint = useMemo(() => paints(clustersOf(table, document)), [table, document]);
  const found = useResolution(search.get("keyspace") ?? "", search.get("key") ?? "").data;
  const before = useMemo(
    () => new Map(table.keyspaces.map((one) => [one.name, ofTable(one)])),
    [table],
  );
  return (
    <div className={css.stack}>
      <div className={css.toolbar}>
        <ResolveBox keyspaces={table.keyspaces} />
        <Button
          icon={Plus}
          refused={why}
          disabled={document === null}
          onClick={() => setAdding(true)}
        >
          {t("keyspace.add")}
        </Button>
      </div>
      {shapes.length === 0 && (
        <Empty icon={Split} title={t("map.none")}>
          <p>{t("map.noneHint")}</p>
        </Empty>
      )}
      {shapes.map((shape) => (
        <KeyspaceCard
          key={shape.name}
          keyspace={shape}
          before={isDraft ? (before.get(shape.name) ?? null) : shape}
          writers={writersOf(table, shape.name)}
          paint={paint}
          found={found?.keyspace === shape.name ? found.shard : null}
          alone={shapes.length === 1}
        />
      ))}
      {adding && document && (
        <KeyspaceDialog document={document} onClose={() => setAdding(false)} />
      )}
    </div>
  );
}

function shapesOf(table: RoutingTable, draft: Document | null): KeyspaceShape[] {
  const shapes = draft
    ? Object.entries(draft.keyspaces).map(([name, entry]) => ofDocument(name, entry))
    : table.keyspaces.map(ofTable);
  return shapes.sort((one, two) => one.name.localeCompare(two.name));
}

function clustersOf(table: RoutingTable, document: Document | null): string[] {
  const placed = Object.values(document?.keyspaces ?? {}).flatMap((one) => one.shards);
  return [
    ...table.clusters.map((one) => one.cluster),
    ...table.keyspaces.flatMap((one) => one.shards.map((shard) => shard.cluster)),
    ...placed.map((shard) => shard.cluster),
  ];
}

/** Who takes the writes of each shard now. */
function writersOf(table: RoutingTable, keyspace: string): ReadonlyMap<string, string | null> {
  const shards = table.keyspaces.find((one) => one.name === keyspace)?.shards ?? [];
  return new Map(shards.map((shard) => [shard.name, shard.writer]));
}
