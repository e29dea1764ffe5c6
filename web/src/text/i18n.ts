// The texts of the page. English comes with the page and stands in for what a language lacks;
// another language is loaded when it is chosen.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { currentSettings, onSettings, type Language } from "../settings";
import en from "./en";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: typeof en;
  }
}

/** Ready once the chosen language is there. */
export async function startText(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    defaultNS: "common",
    resources: { en },
    showSupportNotice: false,
    interpolation: { escapeValue: false },
  });
  await speak(currentSettings().language);
  onSettings(() => void speak(currentSettings().language));
}

async function speak(language: Language): Promise<void> {
  if (language === "zh" && !i18next.hasResourceBundle("zh", "common")) {
    const { default: zh } = await import("./zh");
    for (const [page, texts] of Object.entries(zh)) i18next.addResourceBundle("zh", page, texts);
  }
  if (i18next.language !== language) await i18next.changeLanguage(language);
}
