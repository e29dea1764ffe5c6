// For how long.
import { useTranslation } from "react-i18next";
import { Field, Input, Select } from "../../../ui/Field";
import { lastingSecs, UNITS, type Lasting } from "../model/duration";
import css from "./orders.module.css";

export function LastingField({
  value,
  onChange,
}: {
  value: Lasting;
  onChange: (value: Lasting) => void;
}) {
  const { t } = useTranslation("orders");
  const wrong = lastingSecs(value) === null;
  return (
    <div className={css.duration}>
      <Field label={t("duration.for")} error={wrong && t("duration.fault")}>
        <Input
          inputMode="decimal"
          value={value.count}
          aria-invalid={wrong}
          onChange={(event) => onChange({ ...value, count: event.target.value })}
        />
      </Field>
      <Field label={t("duration.unit")}>
        <Select
          value={value.unit}
          onChange={(unit) => onChange({ ...value, unit })}
          options={UNITS.map((unit) => ({ value: unit, label: t(`duration.${unit}`) }))}
        />
      </Field>
    </div>
  );
}
