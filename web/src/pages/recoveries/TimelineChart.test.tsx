import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { TooltipRoom } from "../../ui/Tooltip";
import { timeline } from "./timeline";
import { TimelineChart } from "./TimelineChart";

const line = timeline(
  {
    kind: "failover",
    state: "done",
    time_to_writable_us: 17_800,
    write_pause_us: null,
    phases: [
      {
        name: "detect",
        took_us: 4_000,
        steps: [{ began_us: 0, took_us: 4_000, sentence: "orders-1 is dead" }],
      },
      {
        name: "elect",
        took_us: 40,
        steps: [{ began_us: 13_800, took_us: 40, sentence: "orders-2 is elected" }],
      },
    ],
  },
  0,
);

function shown() {
  render(
    <TooltipRoom>
      <TimelineChart line={line} />
    </TooltipRoom>,
  );
  return userEvent.setup();
}

afterEach(cleanup);

describe("the timeline", () => {
  it("tells a step's sentence, with its times, to the pointer and to the focus", async () => {
    const user = shown();
    const step = screen.getByRole("button", { name: "Elect: orders-2 is elected" });
    await user.hover(step);
    expect(screen.getByText(/\+13\.8 ms, 40 µs:/)).toBeTruthy();
    await user.unhover(step);
    expect(screen.queryByText(/\+13\.8 ms/)).toBeNull();
    step.focus();
    expect(await screen.findByText(/\+13\.8 ms, 40 µs:/)).toBeTruthy();
  });

  it("zooms to a phase, however short, and back", async () => {
    const user = shown();
    expect(screen.getByText("0 µs – 13.8 ms")).toBeTruthy();
    await user.click(screen.getByTitle("Zoom to Elect"));
    expect(screen.getByText("13.8 ms – 13.8 ms")).toBeTruthy();
    await user.keyboard("0");
    expect(screen.getByText("0 µs – 13.8 ms")).toBeTruthy();
  });

  it("zooms and moves by keys, and leaves others alone", async () => {
    const user = shown();
    screen.getByTitle("Zoom to Detect").focus();
    await user.keyboard("++");
    const zoomed = screen.getByText(/ms – .* ms/).textContent;
    expect(zoomed).not.toContain("0 µs");
    await user.keyboard("x{Control>}0{/Control}");
    expect(screen.getByText(/ms – .* ms/).textContent).toBe(zoomed);
    await user.keyboard("{ArrowLeft}");
    expect(screen.getByText(/ – .* ms/).textContent).not.toBe(zoomed);
  });

  it("says how long nobody could write", () => {
    shown();
    expect(screen.getByText("nobody could write: 17.8 ms")).toBeTruthy();
  });
});
