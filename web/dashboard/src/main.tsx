// Starts the dashboard: theme, query cache, and the app inside them.

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Refused } from "./api/client";
import { App } from "./app";
import "./theme/index.css";
import { cssVariables, schemeManager, theme } from "./theme/theme";

const RETRIES = 2;
const FRESH_MS = 10_000;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      // What the server refused it will refuse again; only silence is worth another try.
      retry: (failures, error) =>
        !(error instanceof Refused && error.status >= 400 && error.status < 500) && failures < RETRIES,
    },
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root element");

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={schemeManager}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
