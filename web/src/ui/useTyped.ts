import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 120;

/** A text that is shown at once as it is typed, and told when the typing pauses. */
export function useTyped(
  value: string,
  onChange: (value: string) => void,
): [string, (text: string) => void] {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  // Changed elsewhere, e.g. cleared: what was told is right.
  if (told !== value) {
    setTold(value);
    setTyped(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setTold(text);
      onChange(text);
    }, PAUSE_MS);
  };
  return [typed, type];
}
