/** The look of a page to hand on: a few of the console's tokens, by day and by night, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --surface: #fefdfc; --sunken: #efece8; --line-subtle: #e8e6e2; --line: #dad7d2; --control: #87827b;
  --text-1: #1b1e24; --text-2: #494d54; --text-3: #62676e; --accent: #006a68;
  --medium: #815b04; --medium-soft: #faeecd; --high: #a74900; --high-soft: #ffe8d5;
  --add: #256a3e; --add-soft: #e0f5e5; --del: #ae2454; --del-soft: #ffe8ec;
  --ui: Inter, "Inter Variable", system-ui, -apple-system, "Segoe UI", Cantarell, Ubuntu, sans-serif;
  --mono: "JetBrains Mono", ui-monospace, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) { :root {
  --surface: #15181c; --sunken: #0a0d11; --line-subtle: #21252a; --line: #30343b; --control: #6f757d;
  --text-1: #e8eaec; --text-2: #b2b6bc; --text-3: #91969d; --accent: #6ecec5;
  --medium: #eac25a; --medium-soft: #332811; --high: #f69c51; --high-soft: #3e2212;
  --add: #75ca8e; --add-soft: #162d1f; --del: #f689a6; --del-soft: #3f1c25;
} }
@media (prefers-contrast: more) { :root { --text-3: var(--text-2); --line: var(--control); --line-subtle: var(--control); } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1104px; padding: 0 24px 32px; background: var(--surface); color: var(--text-1);
  font: 13px/20px var(--ui); font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
h1, h2, h3, p, ol, figure, pre { margin: 0; padding: 0; }
a { color: var(--accent); text-underline-offset: 2px; }
b, h3 { font-weight: 500; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
header { padding: 24px 0 16px; }
.brand { display: flex; align-items: center; gap: 6px; margin: 0 0 12px; color: var(--text-2); font-weight: 500; }
.brand svg { width: 20px; height: 20px; fill: currentColor; }
header h1 ~ p { margin-top: 8px; color: var(--text-2); font-size: 12px; line-height: 16px; }
h1 { font-size: 20px; line-height: 28px; font-weight: 500; letter-spacing: -.011em; max-width: 920px; text-wrap: pretty; }
.note { padding: 8px 12px; border-left: 3px solid var(--medium); background: var(--medium-soft); color: var(--text-1); }
section { margin-top: 24px; }
h2 { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: baseline; padding-bottom: 6px; border-bottom: 1px solid var(--line);
  font-size: 13px; line-height: 20px; font-weight: 600; }
small { font-size: 12px; font-weight: 400; color: var(--text-3); }
.cap { display: grid; grid-template-columns: 104px 20px minmax(0, 1fr) auto; gap: 0 12px; align-items: center; min-height: 56px;
  padding: 8px 0; border-bottom: 1px solid var(--line-subtle); }
.cap p { color: var(--text-2); font-size: 12px; line-height: 16px; }
h3 { font-size: 13px; line-height: 20px; }
.by { margin-left: 6px; color: var(--text-3); font-size: 12px; font-weight: 400; }
.quiet, .cap p.quiet { color: var(--text-3); font-size: 12px; line-height: 16px; }
.state { display: inline-flex; align-items: center; gap: 6px; font-size: 12px; line-height: 16px; font-weight: 500; white-space: nowrap; vertical-align: bottom; }
.state svg { width: 16px; height: 16px; padding: 2px; flex: none; border-radius: 50%; background: var(--sunken); color: var(--text-2);
  fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
.open { color: var(--text-2); }
.less { color: var(--medium); } .less svg { color: inherit; background: var(--medium-soft); border-radius: 4px; }
.none { color: var(--high); } .none svg { color: inherit; background: var(--high-soft); border-radius: 4px; }
.ladder { display: grid; gap: 3px; width: 20px; }
.ladder i { height: 5px; border-radius: 1px; box-shadow: inset 0 0 0 1px var(--control); }
.ladder i.under { background: var(--line); box-shadow: none; }
.ladder i.on { background: var(--text-1); box-shadow: none; }
.m, pre { font: 12px/16px var(--mono); font-variant-ligatures: none; unicode-bidi: isolate; }
.esc { padding: 0 3px; border-radius: 3px; background: var(--medium-soft); color: var(--medium); font: 11px/14px var(--mono); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 12px; line-height: 16px; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line-subtle); text-align: left; vertical-align: top; font-weight: 400;
  overflow-wrap: break-word; unicode-bidi: isolate; }
th .m { white-space: nowrap; } td:last-child { min-width: 136px; }
thead th { color: var(--text-3); font-size: 11px; font-weight: 500; white-space: nowrap; }
td { color: var(--text-2); } td .by { white-space: nowrap; } td .m { color: var(--text-1); }
.repair { padding: 12px 0 16px; border-bottom: 1px solid var(--line-subtle); }
.repair > * + * { margin-top: 8px; }
.repair ol { padding-left: 20px; } li + li { margin-top: 6px; } li::marker { color: var(--text-3); }
pre { margin-top: 4px; padding: 8px 12px; overflow-x: auto; border-radius: 6px; background: var(--sunken); white-space: pre; }
code { font: inherit; }
figcaption { color: var(--text-2); }
pre span { display: inline-block; margin: 0 -12px; padding: 0 12px; min-width: calc(100% + 24px); }
pre .esc { display: inline; margin: 0; padding: 0 3px; min-width: 0; }
.add { color: var(--add); background: var(--add-soft); } .del { color: var(--del); background: var(--del-soft); } .ctx { color: var(--text-2); }
footer { margin-top: 24px; color: var(--text-3); font-size: 12px; line-height: 16px; }
@media (max-width: 640px) {
  body { padding: 0 16px 24px; }
  .cap { grid-template-columns: auto 20px 1fr; align-items: start; gap: 4px 12px; }
  .cap > div { grid-column: 1 / -1; grid-row: 2; }
  .fix { text-align: right; }
}
@media (forced-colors: active) { .state svg, .ladder i, .note, pre { border: 1px solid CanvasText; } .ladder i.on { background: CanvasText; } }
@media print {
  :root { color-scheme: light; --surface: #fff; --sunken: #f4f2ef; --line-subtle: #ddd; --line: #bbb; --control: #777;
    --text-1: #000; --text-2: #333; --text-3: #555; --accent: #004c4a; --medium: #6b4b00; --medium-soft: #fff; --high: #8a3c00; --high-soft: #fff;
    --add: #1d5532; --add-soft: #fff; --del: #8d1c43; --del-soft: #fff; }
  body { max-width: none; padding: 0; font-size: 11px; line-height: 16px; }
  .cap, .repair figure, tr, li { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .scroll, pre { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); } pre span { width: auto; }
  th, td { overflow-wrap: anywhere; } th .m { white-space: normal; }
  thead { display: table-header-group; }
}
`;
