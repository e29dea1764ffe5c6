import { cleanup, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import { ConfirmDialog } from "./ConfirmDialog";
import { TooltipRoom } from "./Tooltip";

const done = vi.fn<() => Promise<unknown>>();
const closed = vi.fn();

beforeEach(() => {
  // jsdom draws nothing: a dialog is open or not.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  done.mockReset().mockResolvedValue(undefined);
  closed.mockReset();
  render(
    <TooltipRoom>
      <ConfirmDialog
        open
        onClose={closed}
        title="Fail over orders"
        name="orders"
        confirm="Fail over"
        danger
        onConfirm={done}
      />
    </TooltipRoom>,
  );
});
afterEach(cleanup);

const button = () => screen.getByRole("button", { name: "Fail over" });

it("does nothing until the name is typed", async () => {
  expect(button()).toHaveProperty("disabled", true);
  await user.type(screen.getByRole("textbox"), "order{Enter}");
  expect(done).not.toHaveBeenCalled();
  await user.type(screen.getByRole("textbox"), "s");
  await user.click(button());
  expect(done).toHaveBeenCalledTimes(1);
  expect(closed).toHaveBeenCalledTimes(1);
});

it("stays open and says why when it is refused", async () => {
  const findings = [{ code: "C", node: null, sentence: "orders-1 answers", remedy: "switch over" }];
  const refusal = { type: "", title: "Refused", status: 409, detail: "no", code: "REFUSED" };
  done.mockRejectedValue(
    new ApiError({ ...refusal, errors: [], findings, conflict: null, leader: null }),
  );
  await user.type(screen.getByRole("textbox"), "orders{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("orders-1 answers");
  expect(closed).not.toHaveBeenCalled();
});
