// From when to when; the last hour, day, week or month with two presses.
import { Clock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button";
import { TimeChoice } from "../../ui/Filters";
import { Menu } from "../../ui/Menu";

const HOUR_MS = 3_600_000;
const LAST = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS };

export function TimeRange({
  from,
  to,
  onChange,
}: {
  /** RFC 3339. */
  from: string | undefined;
  to: string | undefined;
  onChange: (values: { from?: string | null; to?: string | null }) => void;
}) {
  const { t } = useTranslation("problems");
  const { t: common } = useTranslation();
  const lasts = ["hour", "day", "week", "month"] as const;
  return (
    <>
      <TimeChoice
        label={common("from")}
        value={from}
        onChange={(next) => onChange({ from: next })}
      />
      <TimeChoice label={common("to")} value={to} onChange={(next) => onChange({ to: next })} />
      <Menu
        items={lasts.map((name) => ({
          label: t(`last.${name}`),
          onSelect: () => onChange({ from: ago(LAST[name]), to: null }),
        }))}
      >
        <Button icon={Clock}>{t("last.label")}</Button>
      </Menu>
    </>
  );
}

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
