import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useFollowed } from "./useFollowed";

interface Seen {
  running: string | null;
  newest: string | null | undefined;
}

function follow(initialProps: Seen) {
  return renderHook(({ running, newest }: Seen) => useFollowed(running, newest, null).id, {
    initialProps,
  });
}

test("a recovery under way is followed, also after its end", () => {
  const hook = follow({ running: null, newest: "a" });
  hook.rerender({ running: "b", newest: "a" });
  hook.rerender({ running: null, newest: "b" });
  expect(hook.result.current).toBe("b");
});

test("a recovery that was over before the cluster told of it is followed", () => {
  const hook = follow({ running: null, newest: null });
  hook.rerender({ running: null, newest: "a" });
  expect(hook.result.current).toBe("a");
});

test("a recovery that was over when the page came is not followed", () => {
  const hook = follow({ running: null, newest: undefined });
  hook.rerender({ running: null, newest: "a" });
  expect(hook.result.current).toBeNull();
});
