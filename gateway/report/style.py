"""The style of report pages: light and dark, narrow and wide, on paper too."""

# Okabe and Ito's colours, which those who do not tell red from green can tell apart; black is left out for dark pages.
STYLE = """\
:root { --ink: #1c2024; --paper: #fff; --soft: #5d6670; --line: #dfe3e8; --tile: #f5f7f9; color-scheme: light dark;
  --s0: #0072b2; --s1: #e69f00; --s2: #009e73; --s3: #cc79a7; --s4: #56b4e9; --s5: #d55e00; --s6: #f0e442; --s7: #999; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --paper: #15181c; --soft: #9aa4ae; --line: #30363d; --tile: #1e2328; --s0: #4aa8e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
.about { color: var(--soft); margin: .25rem 0 1.75rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
dl div { background: var(--tile); border-radius: .5rem; padding: .9rem 1rem; }
dt { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
dd { font-size: 1.5rem; font-weight: 600; margin: 0; font-variant-numeric: tabular-nums; }
dl small { color: var(--soft); }
.facts { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.facts dd { font-size: .95rem; overflow-wrap: anywhere; }
ul { margin: .5rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; } section { break-inside: avoid; }
figure { margin: 2rem 0 0; overflow-x: auto; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
svg { width: 100%; min-width: 38rem; height: auto; display: block; }
svg text { font-size: 13px; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .note { fill: var(--soft); font-size: 12px; }
.axis { stroke: var(--soft); } .grid { stroke: var(--line); }
.whisker { stroke: var(--ink); stroke-width: 1.5; fill: none; }
polyline { fill: none; stroke-width: 2.5; } .dashed { stroke-dasharray: 6 4; stroke-width: 1.75; }
.s0 { fill: var(--s0); } .s1 { fill: var(--s1); } .s2 { fill: var(--s2); } .s3 { fill: var(--s3); }
.s4 { fill: var(--s4); } .s5 { fill: var(--s5); } .s6 { fill: var(--s6); } .s7 { fill: var(--s7); }
.l0 { stroke: var(--s0); } .l1 { stroke: var(--s1); } .l2 { stroke: var(--s2); } .l3 { stroke: var(--s3); }
.l4 { stroke: var(--s4); } .l5 { stroke: var(--s5); } .l6 { stroke: var(--s6); } .l7 { stroke: var(--s7); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--soft); font-weight: 500; }
@media print { main { max-width: none; } figure, dl div { break-inside: avoid; } }
"""
