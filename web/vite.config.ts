import { defineConfig } from "vite";

// Two pages, one bundle each: the creator's at `/`, the viewer's at `/watch/{event}`.
export default defineConfig({
  build: {
    rollupOptions: { input: ["index.html", "watch.html"] },
    // Nothing inline: the pages are served under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
