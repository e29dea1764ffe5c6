// Every address of the page, all of them behind the gate. A page is a file of its own that is loaded when it is visited; it
// exports `Component`.
import { createBrowserRouter } from "react-router";
import { Crash } from "./shell/Crash";
import { Gate } from "./shell/Gate";

export const router = createBrowserRouter([
  {
    element: <Gate />,
    errorElement: <Crash />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <Crash />,
        children: [
          { index: true, lazy: () => import("./pages/fleet") },
          { path: "clusters/:name", lazy: () => import("./pages/cluster") },
          { path: "nodes/:name", lazy: () => import("./pages/node") },
          { path: "recoveries", lazy: () => import("./pages/recoveries") },
          { path: "recoveries/:id", lazy: () => import("./pages/recoveries/one") },
          { path: "routing", lazy: () => import("./pages/routing") },
          { path: "subscribers", lazy: () => import("./pages/subscribers") },
          { path: "control-plane", lazy: () => import("./pages/control-plane") },
          { path: "problems", lazy: () => import("./pages/problems") },
          { path: "audit", lazy: () => import("./pages/audit") },
          { path: "tokens", lazy: () => import("./pages/tokens") },
          { path: "availability", lazy: () => import("./pages/availability") },
          { path: "*", lazy: () => import("./shell/NotFound") },
        ],
      },
    ],
  },
]);
