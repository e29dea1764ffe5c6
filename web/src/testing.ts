// Set up before every test file: the texts in English, and patience on a loaded machine.
import { configure } from "@testing-library/react";
import { startText } from "./text/i18n";

configure({ asyncUtilTimeout: 20_000 });
await startText();
