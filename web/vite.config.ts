import { defineConfig } from "vite";

// Two pages, one bundle each: the creator's at `/`, the viewer's at `/watch/{event}`.
export default defineConfig({
  // The light build: no subtitles, alternate audio or DRM, which a muxed programme does not have.
  resolve: { alias: [{ find: /^hls\.js$/, replacement: "hls.js/light" }] },
  build: {
    rollupOptions: { input: ["index.html", "watch.html"] },
    // Nothing inline: the pages are served under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
