import { cleanup, render, screen, within } from "@testing-library/react";
import user from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Table, type Column } from "./Table";

interface Item {
  name: string;
  size: number;
}

const columns: Column<Item>[] = [
  {
    accessorKey: "name",
    header: "Name",
    cell: ({ row }) => <a href={`#${row.original.name}`}>{row.original.name}</a>,
  },
  { accessorKey: "size", header: "Size", sortDescFirst: true },
];
const items: Item[] = Array.from({ length: 1000 }, (_, at) => ({
  name: `item-${String(at).padStart(4, "0")}`,
  size: (at * 7) % 1000,
}));

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("scrollTo", () => undefined);
  // jsdom lays nothing out: each row is as high as rows are.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(38);
});
afterEach(cleanup);

function show(rows = items) {
  render(
    <Table
      label="Items"
      rows={rows}
      columns={columns}
      rowKey={({ name }) => name}
      empty={<p>Nothing</p>}
    />,
  );
}

const first = () => within(screen.getAllByRole("row")[1] as HTMLElement).getByRole("link");

it("makes only the rows near what is on the screen, and tells how many there are", () => {
  show();
  expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("1001");
  expect(screen.getAllByRole("link").length).toBeLessThan(100);
});

it("sorts by a column, and says so", async () => {
  show();
  await user.click(screen.getByRole("button", { name: "Size" }));
  expect(first().textContent).toBe("item-0857");
  const header = screen.getByRole("columnheader", { name: "Size" });
  expect(header.getAttribute("aria-sort")).toBe("descending");
});

it("moves between the rows with the arrow keys", async () => {
  show();
  first().focus();
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
  expect(document.activeElement?.textContent).toBe("item-0001");
});

it("shows what stands for no rows", () => {
  show([]);
  expect(screen.getByText("Nothing")).toBeDefined();
});
