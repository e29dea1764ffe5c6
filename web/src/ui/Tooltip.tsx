// A short text beside what has the pointer or the focus. Never the only place of anything.
import { Tooltip as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useLayer } from "./layer";
import css from "./Floating.module.css";

export function Tooltip({ text, children }: { text: ReactNode; children: ReactNode }) {
  const container = useLayer();
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal container={container}>
        <Radix.Content className={css.tooltip} sideOffset={6} collisionPadding={8}>
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Once, around the page. */
export function TooltipRoom({ children }: { children: ReactNode }) {
  return (
    <Radix.Provider delayDuration={400} skipDelayDuration={200}>
      {children}
    </Radix.Provider>
  );
}
