// API tokens: which there are, who made them, when they were used; making one and revoking one.
import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ROLES } from "../../api/access";
import { useTokens } from "../../api/queries/tokens";
import type { RevokedToken, Token } from "../../api/types";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Choice, Filters, SearchBox } from "../../ui/Filters";
import { Loaded } from "../../ui/Loaded";
import { Note } from "../../ui/Note";
import { PageHeader } from "../../ui/PageHeader";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/Time";
import { pick, useAddress } from "../../ui/useAddress";
import { useMay } from "../../ui/useMay";
import { tokenColumns, TokenCard } from "./columns";
import { CreateDialog } from "./CreateDialog";
import { RevokeDialog, UnheardDialog } from "./RevokeDialog";
import { narrow, STATES } from "./tokens";

export function Component() {
  const { t } = useTranslation("tokens");
  const { why } = useMay("administer");
  if (why === undefined) return <Tokens />;
  return (
    <>
      <PageHeader title={t("title")} />
      <Note>
        <p>{why}</p>
      </Note>
    </>
  );
}

function Tokens() {
  const { t } = useTranslation("tokens");
  const query = useTokens();
  const [asked, setAsked] = useState<Token | "new" | null>(null);
  const [partly, setPartly] = useState<RevokedToken | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <PageHeader
        title={t("title")}
        actions={
          <Button variant="primary" icon={Plus} onClick={() => setAsked("new")}>
            {t("create")}
          </Button>
        }
      />
      <Loaded query={query}>{(all) => <List all={all} onRevoke={setAsked} />}</Loaded>
      {asked === "new" && <CreateDialog onClose={close} />}
      {asked !== null && asked !== "new" && (
        <RevokeDialog
          token={asked}
          onClose={close}
          onRevoked={(revoked) => setPartly(revoked.unheard.length > 0 ? revoked : null)}
        />
      )}
      {partly && <UnheardDialog revoked={partly} onClose={() => setPartly(null)} />}
    </>
  );
}

const KEYS = ["q", "role", "state"] as const;

function List({ all, onRevoke }: { all: Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useTranslation("tokens");
  const { t: access } = useTranslation("access");
  const { t: common } = useTranslation();
  const [params, change] = useAddress();
  const filter = pick(params, KEYS);
  const filtered = Object.keys(filter).length > 0;
  const found = narrow(all, filter, useNow());
  const columns = useMemo(() => tokenColumns(t, access, onRevoke), [t, access, onRevoke]);
  const clear = () => change({ q: null, role: null, state: null });
  return (
    <>
      <Filters found={t("shown", { count: found.length })} onClear={filtered && clear}>
        <SearchBox label={t("search")} q={filter.q ?? ""} onSearch={(q) => change({ q })} />
        <Choice
          label={t("column.role")}
          value={filter.role}
          choices={ROLES.map((value) => ({ value, label: access(`role.${value}.name`) }))}
          onChange={(role) => change({ role })}
        />
        <Choice
          label={t("column.state")}
          value={filter.state}
          choices={STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
          onChange={(state) => change({ state })}
        />
      </Filters>
      <Table
        label={t("title")}
        rows={found}
        columns={columns}
        rowKey={(one) => one.id}
        card={(one) => <TokenCard token={one} onRevoke={onRevoke} />}
        rowHeight={52}
        cardHeight={190}
        empty={
          <Empty icon={KeyRound} title={t(filtered ? "noneFit" : "none")}>
            {filtered && <Button onClick={clear}>{common("clearFilters")}</Button>}
          </Empty>
        }
      />
    </>
  );
}
