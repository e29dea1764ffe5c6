// A text with a button that copies it.
import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import css from "./Copy.module.css";

/** `text` is shown unless `hidden`. */
export function Copy({ text, hidden = false }: { text: string; hidden?: boolean }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span className={css.copy}>
      {!hidden && <code className={css.text}>{text}</code>}
      <IconButton
        size="sm"
        icon={copied ? Check : CopyIcon}
        label={copied ? t("copied") : t("copy")}
        onClick={() => void copy(text).then(setCopied)}
      />
    </span>
  );
}

/** Whether it was copied. The clipboard exists in secure contexts only; a selection works anywhere. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  // Deprecated, and the only way on plain HTTP.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
