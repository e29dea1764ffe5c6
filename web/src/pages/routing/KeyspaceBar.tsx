// What each shard of a keyspace owns, drawn to scale, coloured by cluster; held shards have a lock.
// Where keys are listed one by one, each shard is a box with its keys.
import { Lock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { percent } from "../../format";
import { classes } from "../../ui/class";
import { bars, fitting, share, type KeyspaceShape, type Piece, type ShardShape } from "./geometry";
import css from "./KeyspaceBar.module.css";
import { slotsText } from "./shards";

interface Props {
  keyspace: KeyspaceShape;
  paint: (cluster: string) => string;
  /** The shard that is looked at. */
  chosen: string | null;
  /** The shard that a key was found in. */
  found: string | null;
  onChoose: (shard: string) => void;
}

export function KeyspaceBar(props: Props) {
  const drawn = bars(props.keyspace);
  if (drawn === null) return <Boxes {...props} />;
  return (
    <div className={css.drawing}>
      <div className={css.bar}>
        {drawn.pieces.map((piece, at) => (
          <PieceButton key={`${piece.shard.name} ${at}`} piece={piece} {...props} />
        ))}
      </div>
      <div className={css.axis} aria-hidden>
        {fitting(drawn.marks, 0.09).map((mark) => (
          <span key={mark.text} className={css.mark} style={{ left: `${mark.at * 100}%` }}>
            <span className={css.markText}>{mark.text}</span>
          </span>
        ))}
      </div>
      <Remark exact={drawn.exact} interleaved={drawn.interleaved} />
    </div>
  );
}

function Remark({ exact, interleaved }: { exact: boolean; interleaved: boolean }) {
  const { t } = useTranslation("routing");
  if (interleaved) return <p className={css.faint}>{t("map.interleaved")}</p>;
  return exact ? null : <p className={css.faint}>{t("map.open")}</p>;
}

function PieceButton({
  piece,
  keyspace,
  paint,
  chosen,
  found,
  onChoose,
}: Props & { piece: Piece }) {
  const { shard } = piece;
  const more = useMore(keyspace, shard);
  return (
    <button
      type="button"
      className={classes(
        css.piece,
        paint(shard.cluster),
        shard.writes === "held" && css.held,
        chosen === shard.name && css.chosen,
        found === shard.name && css.found,
        piece.openBelow && keyspace.function === "range" && css.openBelow,
        piece.openAbove && keyspace.function === "range" && css.openAbove,
      )}
      style={{ left: `${piece.from * 100}%`, width: `${(piece.to - piece.from) * 100}%` }}
      aria-pressed={chosen === shard.name}
      title={`${shard.name} ${shard.cluster}: ${more}`}
      onClick={() => onChoose(shard.name)}
    >
      <span className={css.name}>
        {shard.writes === "held" && <Lock aria-hidden size={12} />}
        {shard.name}
      </span>{" "}
      <span className={css.cluster}>{shard.cluster}</span>{" "}
      <span className="visually-hidden">{more}</span>
    </button>
  );
}

/** A keyspace whose keys are listed. */
function Boxes({ keyspace, paint, chosen, found, onChoose }: Props) {
  const { t } = useTranslation("routing");
  return (
    <ul className={css.boxes}>
      {keyspace.shards.map((shard) => (
        <li key={shard.name}>
          <button
            type="button"
            className={classes(
              css.box,
              paint(shard.cluster),
              shard.writes === "held" && css.held,
              chosen === shard.name && css.chosen,
              found === shard.name && css.found,
            )}
            aria-pressed={chosen === shard.name}
            onClick={() => onChoose(shard.name)}
          >
            <span className={css.name}>
              {shard.writes === "held" && <Lock aria-label={t("writes.held")} size={12} />}
              {shard.name}
            </span>
            <span className={css.cluster}>{shard.cluster}</span>
            <span className={css.values}>
              {shard.values.slice(0, 12).map((value) => (
                <code key={value}>{value}</code>
              ))}
              {shard.values.length > 12 && (
                <span>{t("map.moreValues", { count: shard.values.length - 12 })}</span>
              )}
              {shard.isDefault && <em>{t("map.default")}</em>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** What of a piece is drawn and not written, in words. */
function useMore(keyspace: KeyspaceShape, shard: ShardShape): string {
  const { t } = useTranslation("routing");
  const part = share(keyspace, shard);
  const words = [
    ownsText(keyspace, shard, t),
    part === null ? null : percent(part * 100, 2),
    shard.writes === "held" ? t("writes.held") : null,
  ];
  return words.filter((word) => word !== null).join(", ");
}

/** What a shard owns, in words. */
export function ownsText(
  keyspace: KeyspaceShape,
  shard: ShardShape,
  t: ReturnType<typeof useTranslation<"routing">>["t"],
): string {
  switch (keyspace.function) {
    case "hash":
      return `${shard.from ?? ""}-${shard.below ?? ""}`;
    case "range":
      if (shard.from === null && shard.below === null) return t("owns.all");
      if (shard.from === null) return t("owns.below", { below: shard.below });
      if (shard.below === null) return t("owns.from", { from: shard.from });
      return t("owns.range", { from: shard.from, below: shard.below });
    case "md5_mod":
      return t("owns.slots", { slots: slotsText(shard.slots) });
    case "lookup": {
      const values = shard.values.join(", ");
      if (shard.values.length === 0) return t("owns.others");
      return shard.isDefault ? t("owns.valuesAndOthers", { values }) : values;
    }
  }
}
