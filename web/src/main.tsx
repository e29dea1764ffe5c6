// Starts the page: texts, cache, session, routes.
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router";
import { newCache } from "./api/cache";
import { followSession, startSession } from "./api/session";
import { router } from "./routes";
import { startText } from "./text/i18n";
import "./ui/base.css";
import { TooltipRoom } from "./ui/Tooltip";

const cache = newCache();
followSession(cache);
void startSession();
await startText();

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <TooltipRoom>
          <RouterProvider router={router} />
        </TooltipRoom>
      </QueryClientProvider>
    </StrictMode>,
  );
