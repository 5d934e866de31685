/** One small page of each framework: as its server renders it, and the script that hydrates it and writes down what went wrong. */
import { build } from "esbuild";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { createSSRApp, h as vue } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";

/** A component with the number in it that counts clicks on itself. */
export interface Hydrated {
  rendered: string;
  script: string;
}

const bundled = async (contents: string, define: Record<string, string>) => {
  const result = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "iife",
    define,
  });
  return result.outputFiles[0]!.text;
};

/** React hydrates `#app`; `errors` are those of hydration, `root` is the server's element. */
export const reactPage = async (): Promise<Hydrated> => ({
  rendered: renderToString(h("p", { id: "number" }, "Call ", "(214) 555-0100", " clicked ", 0)),
  script: await bundled(
    `
    import { createElement as h, useState } from "react";
    import { hydrateRoot } from "react-dom/client";
    const App = () => {
      const [n, set] = useState(0);
      return h("p", { id: "number", onClick: () => set(n + 1) }, "Call ", "(214) 555-0100", " clicked ", n);
    };
    window.errors = [];
    window.root = document.querySelector("#number");
    hydrateRoot(document.querySelector("#app"), h(App), { onRecoverableError: (error) => window.errors.push(String(error)) });
    document.documentElement.dataset.hydrated = "";`,
    { "process.env.NODE_ENV": '"production"' },
  ),
});

/** Vue hydrates `selector` in development mode, where a mismatch is a warning: `warnings`. */
export const vuePage = async (selector = "#app"): Promise<Hydrated> => ({
  rendered: await renderVue(createSSRApp({ render: () => vue("p", { id: "number" }, ["Call (214) 555-0100 ", vue("b", "clicked 0")]) })),
  script: await bundled(
    `
    import { createSSRApp, h, ref } from "vue";
    const app = createSSRApp({
      setup() {
        const n = ref(0);
        return () => h("p", { id: "number", onClick: () => n.value++ }, ["Call (214) 555-0100 ", h("b", "clicked " + n.value)]);
      },
    });
    window.warnings = [];
    app.config.warnHandler = (warning) => window.warnings.push(warning);
    window.root = document.querySelector("#number");
    app.mount("${selector}");
    document.documentElement.dataset.hydrated = "";`,
    {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
    },
  ),
});
