// A choice among nodes, or of none in particular.
import type { Node } from "../../../api/types";
import { Select } from "../../../ui/Field";

export function NodeSelect({
  nodes,
  none,
  value,
  onChange,
  isRefused = () => false,
}: {
  nodes: readonly Node[];
  /** What it means that no node is named. */
  none: string;
  value: string;
  onChange: (name: string) => void;
  /** Whether a node cannot be chosen. */
  isRefused?: (name: string) => boolean;
}) {
  return (
    <Select
      value={value}
      onChange={onChange}
      options={[
        { value: "", label: none },
        ...nodes.map(({ name }) => ({ value: name, label: name, disabled: isRefused(name) })),
      ]}
    />
  );
}
