// Search and filters of the fleet.
import { useTranslation } from "react-i18next";
import { Select } from "../../ui/Field";
import { Filters, Named, SearchBox } from "../../ui/Filters";
import { healths, isFiltered, modes, states, type Filter } from "./view";

interface Props {
  found: number;
  all: number;
  filter: Filter;
  onFilter: (part: Partial<Filter>) => void;
}

export function FilterBar({ found, all, filter, onFilter }: Props) {
  const { t } = useTranslation("fleet");
  const { t: common } = useTranslation();
  const any = { value: "" as const, label: common("any") };
  const clear = () => onFilter({ q: "", health: null, mode: null, state: null });
  return (
    <Filters
      found={found === all ? t("found", { count: all }) : t("foundOf", { found, all })}
      onClear={isFiltered(filter) && clear}
    >
      <SearchBox label={t("search")} q={filter.q} onSearch={(q) => onFilter({ q })} />
      <Named label={t("filter.health")}>
        <Select
          value={filter.health ?? ""}
          onChange={(health) => onFilter({ health: health === "" ? null : health })}
          options={[any, ...healths.map((value) => ({ value, label: t(`health.${value}`) }))]}
        />
      </Named>
      <Named label={t("filter.mode")}>
        <Select
          value={filter.mode ?? ""}
          onChange={(mode) => onFilter({ mode: mode === "" ? null : mode })}
          options={[any, ...modes.map((value) => ({ value, label: common(`mode.${value}`) }))]}
        />
      </Named>
      <Named label={t("filter.state")}>
        <Select
          value={filter.state ?? ""}
          onChange={(state) => onFilter({ state: state === "" ? null : state })}
          options={[any, ...states.map((value) => ({ value, label: common(`state.${value}`) }))]}
        />
      </Named>
    </Filters>
  );
}
