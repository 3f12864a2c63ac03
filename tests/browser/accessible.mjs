// Whether a page can be used by everybody, as far as a machine can tell: axe-core, WCAG 2.2 A and AA.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Fails with what is wrong with `page` as it is now. */
export async function check(page, where) {
  await page.evaluate(settled);
  // Not by a script element, which the page's content security policy refuses.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), RULES);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).join("; ")}`);
  assert.deepEqual(told, [], `accessible ${where}`);
}

/** Runs in the page: colours are looked at when they have changed, not on their way. */
async function settled() {
  await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  for (const animation of document.getAnimations()) {
    if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  }
}
