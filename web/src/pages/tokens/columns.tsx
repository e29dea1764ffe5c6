// The columns of the table of tokens, and a token on a narrow screen.
import type { TFunction } from "i18next";
import { Ban } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Token } from "../../api/types";
import { Button } from "../../ui/Button";
import type { Column } from "../../ui/Table";
import { Clusters, Expires, LastUse, Made, Name, StateOf } from "./cells";
import css from "./Tokens.module.css";

type Revoke = (token: Token) => void;

export function tokenColumns(
  t: TFunction<"tokens">,
  access: TFunction<"access">,
  onRevoke: Revoke,
): Column<Token>[] {
  return [
    {
      id: "name",
      header: t("column.name"),
      accessorKey: "name",
      cell: ({ row: { original: one } }) => <Name of={one} />,
    },
    {
      id: "role",
      header: t("column.role"),
      accessorKey: "role",
      cell: ({ row: { original: one } }) => access(`role.${one.role}.name`),
    },
    {
      id: "clusters",
      header: t("column.clusters"),
      enableSorting: false,
      meta: { wrap: true },
      cell: ({ row: { original: one } }) => <Clusters of={one} />,
    },
    {
      id: "made",
      header: t("column.made"),
      accessorKey: "created_at",
      cell: ({ row: { original: one } }) => <Made of={one} />,
    },
    {
      id: "expires",
      header: t("column.expires"),
      // What never ends ends last.
      accessorFn: (one) => one.expires_at ?? "~",
      cell: ({ row: { original: one } }) => <Expires of={one} />,
    },
    {
      id: "used",
      header: t("column.used"),
      accessorFn: (one) => one.last_used_at ?? "",
      sortDescFirst: true,
      cell: ({ row: { original: one } }) => <LastUse of={one} />,
    },
    {
      id: "state",
      header: t("column.state"),
      enableSorting: false,
      meta: { fill: true, wrap: true },
      cell: ({ row: { original: one } }) => <StateOf token={one} />,
    },
    {
      id: "actions",
      header: () => <span className="visually-hidden">{t("column.actions")}</span>,
      enableSorting: false,
      meta: { name: t("column.actions"), align: "end" },
      cell: ({ row: { original: one } }) => <RevokeButton token={one} onRevoke={onRevoke} />,
    },
  ];
}

function RevokeButton({ token, onRevoke }: { token: Token; onRevoke: Revoke }) {
  const { t } = useTranslation("tokens");
  if (token.revoked_at !== null) return null;
  return (
    <Button
      size="sm"
      icon={Ban}
      aria-label={t("revokeOne", { name: token.name })}
      onClick={() => onRevoke(token)}
    >
      {t("revoke")}
    </Button>
  );
}

export function TokenCard({ token, onRevoke }: { token: Token; onRevoke: Revoke }) {
  const { t } = useTranslation("tokens");
  const { t: access } = useTranslation("access");
  return (
    <article className={css.card}>
      <div className={css.cardHead}>
        <div>
          <Name of={token} />
        </div>
        <div>
          <StateOf token={token} />
        </div>
      </div>
      <dl className={css.cardFacts}>
        <Fact label={t("column.role")}>{access(`role.${token.role}.name`)}</Fact>
        <Fact label={t("column.clusters")}>
          <Clusters of={token} />
        </Fact>
        <Fact label={t("column.made")}>
          <Made of={token} />
        </Fact>
        <Fact label={t("column.used")}>
          <LastUse of={token} />
        </Fact>
        <Fact label={t("column.expires")}>
          <Expires of={token} />
        </Fact>
      </dl>
      <div>
        <RevokeButton token={token} onRevoke={onRevoke} />
      </div>
    </article>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
