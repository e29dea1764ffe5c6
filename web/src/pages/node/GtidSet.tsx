// A GTID set for reading: how many transactions of which server, the intervals when asked for.
import { useTranslation } from "react-i18next";
import type { Node } from "../../api/types";
import { Copy } from "../../ui/Copy";
import { gtidLines, type GtidLine } from "../cluster/model/gtid";
import css from "./node.module.css";

export function GtidSet({ set, nodes }: { set: string; nodes: readonly Node[] }) {
  const { t } = useTranslation("node");
  if (set === "") return t("gtid.empty");
  const lines = gtidLines(set);
  if (lines === null) return <Copy text={set} />;
  return (
    <details className={css.gtids}>
      <summary>
        <ul>
          {lines.map((line) => (
            <Line key={`${line.uuid} ${line.tag ?? ""}`} line={line} nodes={nodes} />
          ))}
        </ul>
      </summary>
      <Copy text={set} />
    </details>
  );
}

function Line({ line, nodes }: { line: GtidLine; nodes: readonly Node[] }) {
  const { t, i18n } = useTranslation("node");
  const node = nodes.find((one) => one.server_uuid === line.uuid);
  const shown = line.transactions.toLocaleString(i18n.language);
  return (
    <li>
      {t("gtid.count", { count: Number(line.transactions), shown })}{" "}
      <span className={css.faint}>
        {node ? t("gtid.here", { node: node.name }) : line.uuid.slice(0, 8)}
        {line.tag !== null && ` · ${line.tag}`}
      </span>
    </li>
  );
}
