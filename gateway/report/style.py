"""The style of report pages: light and dark, narrow and wide, on paper too."""

from gateway.report.colours import report_style

# Okabe and Ito's colours, which those who do not tell red from green can tell apart; black is left out for dark pages.
STYLE = """\
:root { --ink: #1c2024; --paper: #fff; --soft: #5d6670; --line: #dfe3e8; --tile: #f5f7f9; color-scheme: light dark;
  --s0: #0072b2; --s1: #e69f00; --s2: #009e73; --s3: #cc79a7; --s4: #56b4e9; --s5: #d55e00; --s6: #f0e442; --s7: #999; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --paper: #15181c; --soft: #9aa4ae; --line: #30363d; --tile: #1e2328; --s0: #4aa8e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
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
figure { margin: 2rem 0 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
svg.plot { width: 100%; height: auto; display: block; overflow: visible; }
svg text { font-size: 13px; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .note { fill: var(--soft); }
.bar { display: grid; grid-template-columns: minmax(0, 23rem) 1fr 8rem; gap: .75rem; align-items: center; }
.bar { font-size: .85rem; font-variant-numeric: tabular-nums; }
.bar span { text-align: right; overflow-wrap: anywhere; } .bar b { font-weight: 400; }
.track { display: block; width: 100%; height: 26px; overflow: visible; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; font-size: .85rem; }
.legend i { display: inline-block; width: .65rem; height: .65rem; border-radius: 2px; margin-right: .4rem; }
.axis { stroke: var(--soft); } .grid { stroke: var(--line); }
.whisker { stroke: var(--ink); stroke-width: 1.5; fill: none; }
polyline { fill: none; stroke-width: 2.5; } .dashed { stroke-dasharray: 6 4; stroke-width: 1.75; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom; }
.heat { width: auto; } .heat th, .heat td { border: 2px solid var(--paper); text-align: center; }
.heat tbody th { text-align: left; color: var(--ink); } .heat td { background: var(--tile); min-width: 5rem; }
.heat .few { color: var(--soft); } .heat .none { background: none; }
@media (max-width: 40rem) {
  svg.plot text { font-size: 26px; }
  .bar { grid-template-columns: 1fr auto; gap: 0 .75rem; margin-bottom: .5rem; }
  .bar span { text-align: left; } .bar .track { grid-area: 2 / 1 / 3 / 3; }
  .cards, .cards tbody, .cards td { display: block; } .cards thead, .cards td:empty { display: none; }
  .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem .9rem; padding: .6rem 0; }
  .cards tr { border-bottom: 1px solid var(--line); }
  .cards td { padding: 0; border: 0; }
  .cards td::before { content: attr(data-name); color: var(--soft); float: left; margin-right: .5rem; }
  .cards td::before { text-align: left; }
  .cards td:first-child { grid-column: 1 / 3; font-weight: 600; white-space: normal; overflow-wrap: anywhere; }
  .cards td:first-child::before, .cards.pairs td::before { content: none; }
  .cards.pairs tr { grid-template-columns: 1fr auto; }
  .cards.pairs td:first-child { grid-column: auto; font-weight: 400; }
  .heat th, .heat td { padding: .35rem .3rem; min-width: 3.5rem; } .heat tbody th { white-space: normal; }
}
@media print { main { max-width: none; } figure, dl div { break-inside: avoid; } }
"""

STYLE += report_style()
STYLE += "".join(f".s{n} {{ fill: var(--s{n}); background: var(--s{n}); }}\n" for n in range(8))
STYLE += "".join(f".l{n} {{ stroke: var(--s{n}); }}\n" for n in range(8))
# A rate's colour, by tenths: red over the page's own ground, so that it is one scale in light and dark.
STYLE += "".join(f".heat .h{tenth} {{ background: rgb(178 24 43 / {tenth * 10}%); }}\n" for tenth in range(1, 11))
STYLE += ".heat .h8, .heat .h9, .heat .h10 { color: #fff; }\n"
