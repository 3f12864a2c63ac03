import { defineConfig, type Plugin } from "vite";
import { gzipSync } from "node:zlib";

const KIB = 1024;

/** The most that each page may load before it works, scripts and styles, after gzip, hls.js included. */
const BUDGETS = { "index.html": 600 * KIB, "watch.html": 250 * KIB, "tally.html": 50 * KIB } as const;

/** Fails the build when a page outgrows its budget. */
function budgets(): Plugin {
  return {
    name: "budgets",
    apply: "build",
    generateBundle(_options, bundle) {
      const size = (name: string): number => {
        const file = bundle[name];
        if (!file) return 0;
        const source = file.type === "chunk" ? file.code : file.source;
        return gzipSync(source).length;
      };
      for (const [page, most] of Object.entries(BUDGETS)) {
        const wanted = new Set<string>();
        const visit = (name: string) => {
          const file = bundle[name];
          if (wanted.has(name) || file?.type !== "chunk") return;
          wanted.add(name);
          [...file.imports, ...file.dynamicImports].forEach(visit);
          for (const style of file.viteMetadata?.importedCss ?? []) wanted.add(style);
        };
        const entry = Object.values(bundle).find(
          (file) => file.type === "chunk" && file.isEntry && file.facadeModuleId?.endsWith(`/${page}`),
        );
        if (!entry) this.error(`no entry for ${page}`);
        visit(entry.fileName);
        const total = [...wanted].reduce((sum, name) => sum + size(name), 0);
        const told = `${page}: ${(total / KIB).toFixed(1)} KiB of ${most / KIB} KiB after gzip`;
        if (total > most) this.error(told);
        this.info(told);
      }
    },
  };
}

// Three pages: the creator's at `/` and below `/events`, the viewer's at `/watch/{event}`, the tally page at `/tally`.
export default defineConfig({
  plugins: [budgets()],
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "watch.html", "tally.html"] },
    // Nothing inline: the pages are served under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: "http://localhost:8080", ws: true }, "/hls": "http://localhost:8080", "/p": "http://localhost:8080" } },
});
