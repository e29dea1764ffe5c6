// Starts the page: texts, cache, live stream, routes.
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router";
import { newCache } from "./api/cache";
import { clustersQuery } from "./api/queries/clusters";
import { followEvents } from "./api/live";
import { router } from "./routes";
import { startText } from "./text/i18n";
import "./ui/base.css";
import { TooltipRoom } from "./ui/Tooltip";

const cache = newCache();
// Every page shows something of the fleet: asked for before the first page is there.
cache.query(clustersQuery).catch(() => undefined);
void followEvents(cache, new AbortController().signal);
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
