"""How the page looks: one column of cards, the same in light and dark, on a narrow screen and on paper.

Colours that mean something differ in lightness too, and severities in shape (`finding_sections.MARKS`). A module and no
file of its own, so that it is wherever the code is.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DARK", "LIGHT", "STYLE"]

# fmt: off
LIGHT = {
    "paper": "#f6f6f3", "card": "#fff", "ink": "#1b1f23", "soft": "#5b646e", "line": "#e2e3de", "wash": "#efefea",
    "error": "#b93a06", "error-wash": "#fdeee6", "warning": "#7d5a00", "warning-wash": "#fdf3d6", "note": "#1f5fa8",
    "note-wash": "#e7f0fa", "good": "#006d55", "good-wash": "#dff3ec", "bar": "#2f6fb3", "small": "#6695c6",
    "medium": "#2f6fb3", "large": "#123760", "unknown": "#c4c6c2", "h1": "#e1ecf7", "h2": "#c3daf0", "h3": "#9cc3e5",
    "h4": "#6ea7d8", "h5": "#4688c4", "h6": "#2868a8", "h7": "#154a85", "h8": "#08305f", "ground": "#f4f6f8",
}
DARK = {
    "paper": "#14171a", "card": "#1d2125", "ink": "#e6e8ea", "soft": "#9aa4ae", "line": "#30363c", "wash": "#262b30",
    "error": "#ff9a6b", "error-wash": "#3a2319", "warning": "#f0c24b", "warning-wash": "#352c14", "note": "#85bdf5",
    "note-wash": "#1a2c40", "good": "#4fd1a8", "good-wash": "#15332a", "bar": "#5b9ee0", "small": "#3b6fa6",
    "medium": "#6fb0ee", "large": "#d6e9fc", "unknown": "#565d64", "h1": "#1e3550", "h2": "#234a74", "h3": "#2c629a",
    "h4": "#3d7dbd", "h5": "#5c9bd8", "h6": "#86b9e9", "h7": "#b5d6f5", "h8": "#e6f3ff", "ground": "#171b1f",
}
# fmt: on
"""Name of a colour -> the colour; the same names in both."""


def _variables(palette: Mapping[str, str]) -> str:
    return "".join(f" --{name}: {colour};" for name, colour in palette.items())


STYLE = (
    f"""\
:root {{{_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{{_variables(DARK)} }} }}
"""
    """\
* { box-sizing: border-box; }
body {
  overflow-wrap: anywhere; margin: 0 auto; max-width: 1120px; padding: 32px 24px 48px; background: var(--paper);
    color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 21px; letter-spacing: -0.01em; margin: 44px 0 4px; }
h3 { font-size: 15px; margin: 0 0 10px; }
p, ul, dl { margin: 0; }
ul { padding: 0; list-style: none; }
code { font: 600 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
summary { cursor: pointer; }
.quiet, footer { color: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin-top: 14px; }
header { display: grid; grid-template-columns: 1fr auto; gap: 20px; align-items: center; }
header p { color: var(--soft); margin-top: 4px; }
header p b { color: var(--ink); font-weight: 600; }
.verdict { border-radius: 10px; padding: 10px 20px; text-align: right; }
.verdict b { display: block; font-size: 26px; line-height: 1.2; letter-spacing: 0.04em; }
.verdict span { font-size: 13px; }
.verdict.pass { background: var(--good-wash); color: var(--good); }
.verdict.fail { background: var(--error-wash); color: var(--error); }
.counts, .left-out { grid-column: 1 / -1; }
.counts { display: flex; flex-wrap: wrap; border: 1px solid var(--line); border-radius: 10px;
  background: var(--card); overflow: hidden; }
.counts li { flex: 1 1 auto; padding: 12px 20px; color: var(--soft); font-size: 13px;
  box-shadow: 1px 0 0 var(--line), 0 1px 0 var(--line); }
.counts b { display: block; font-size: 24px; line-height: 1.25; color: var(--ink); font-weight: 650;
  font-variant-numeric: tabular-nums; }
.counts .error.some, .counts .error.some b { color: var(--error); }
.counts .warning.some, .counts .warning.some b { color: var(--warning); }
.counts .note.some, .counts .note.some b { color: var(--note); }
.counts .none b { color: var(--soft); font-weight: 400; }
.left-out { color: var(--warning); font-size: 14px; }
.left-out li::before { content: "Not looked at: "; font-weight: 600; }
.mark { width: 11px; height: 11px; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round;
  stroke-linejoin: round; vertical-align: -1px; }

.scores { display: grid; grid-template-columns: 150px repeat(4, 1fr); gap: 20px 28px; }
.whole svg { display: block; width: 132px; margin: 0 auto; }
.whole circle { stroke-width: 9; }
.whole .rail { stroke: var(--wash); }
.whole .arc { stroke: var(--bar); }
.whole text { font-size: 27px; font-weight: 650; fill: var(--ink); letter-spacing: -0.02em; }
.whole p { font-size: 12px; color: var(--soft); text-align: center; margin-top: 6px; }
.score h3 { display: flex; justify-content: space-between; align-items: baseline; margin: 0 0 6px;
  text-transform: capitalize; }
.score h3 b { font-size: 19px; font-variant-numeric: tabular-nums; }
.meter { height: 6px; border-radius: 3px; background: var(--wash); overflow: hidden; margin-bottom: 10px; }
.meter i { display: block; height: 100%; background: var(--bar); }
.score li { display: flex; justify-content: space-between; font-size: 13px; color: var(--soft); padding: 1px 0; }
.score li b { font-weight: 500; color: var(--ink); font-variant-numeric: tabular-nums; }
.score li.none b { color: var(--soft); }
.steps { margin: 0; padding: 0 0 0 22px; }
.steps li { padding: 5px 0 5px 4px; }
.steps li::marker { color: var(--soft); }
.steps li > span { display: inline-block; width: calc(100% - 60px); vertical-align: top; }
.steps li > b { float: right; font-variant-numeric: tabular-nums; color: var(--good); }
.steps small { display: block; font-size: 13px; color: var(--soft); }

.rule { padding: 0; overflow: hidden; margin-top: 10px; }
.rule > summary { display: grid; grid-template-columns: 96px 88px 1fr auto; gap: 6px 12px; align-items: baseline;
  padding: 14px 20px; list-style: none; }
.rule > summary::-webkit-details-marker { display: none; }
.rule > summary:hover { background: var(--wash); }
.rule > :not(summary) { margin-left: 20px; margin-right: 20px; }
.rule > :last-child:not(summary) { margin-bottom: 18px; }
.tag { display: inline-flex; gap: 6px; align-items: center; justify-self: start; font-size: 12px; font-weight: 650;
  padding: 1px 9px; border-radius: 99px; }
.error .tag { background: var(--error-wash); color: var(--error); }
.warning .tag { background: var(--warning-wash); color: var(--warning); }
.note .tag { background: var(--note-wash); color: var(--note); }
summary code, .sentence code, dd code, .holds span code { font-weight: inherit; }
.sentence { font-weight: 550; text-wrap: pretty; }
.count { font-variant-numeric: tabular-nums; font-size: 17px; }
.count::after { content: "\\00d7"; color: var(--soft); font-weight: 400; margin-left: 3px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 16px; padding: 2px 0 14px; max-width: 900px; }
dt { color: var(--soft); }
dd { margin: 0; }
.seen.few { display: grid; grid-template-columns: 200px 1fr; gap: 0 24px; align-items: start; }
.few .gallery { grid-template-columns: 1fr; padding-bottom: 0; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px;
  padding-bottom: 14px; }
.gallery figure { margin: 0; min-width: 0; }
.gallery svg { display: block; width: 100%; aspect-ratio: 3 / 2; border-radius: 6px; background: var(--wash); }
.gallery rect { fill: none; vector-effect: non-scaling-stroke; }
.gallery .under { stroke: #000; stroke-opacity: 0.65; stroke-width: 4; }
.gallery .over { stroke: #ffd23f; stroke-width: 2; }
.gallery figcaption { font-size: 12px; color: var(--soft); margin-top: 4px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 500; color: var(--soft); }
td, th { padding: 5px 14px 5px 0; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; white-space: nowrap; }
td { overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.rule td:first-child { color: var(--soft); width: 42%; min-width: 180px; }
.rule .quiet { font-size: 13px; padding-top: 6px; }

.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 14px;
  margin-top: 14px; }
.grid .card { margin: 0; }
.chart { display: flex; flex-direction: column; padding: 16px 16px 12px; }
.chart figcaption { font-weight: 650; margin-bottom: 8px; }
.chart > svg { width: 100%; height: auto; overflow: visible; }
.chart .note { color: var(--soft); font-size: 13px; margin-top: 4px; }
.chart .numbers { margin-top: auto; }
.chart text { font-size: 11px; fill: var(--soft); }
.grid path.grid, circle.grid { stroke: var(--line); fill: none; }
.bar { fill: var(--bar); }
rect.bar:hover, path.bar:hover { opacity: 0.75; }
.cells { shape-rendering: crispEdges; }
.ground { fill: var(--ground); }
.limit { stroke: var(--warning); stroke-dasharray: 4 3; fill: none; }
.chart text.limit { stroke: none; fill: var(--warning); }
.h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); } .h4 { fill: var(--h4); }
.h5 { fill: var(--h5); } .h6 { fill: var(--h6); } .h7 { fill: var(--h7); } .h8 { fill: var(--h8); }
.numbers { font-size: 13px; color: var(--soft); }
.numbers > summary { padding-top: 8px; }
.numbers .scroll { max-height: 260px; overflow: auto; margin-top: 6px; }

.key { display: flex; flex-wrap: wrap; gap: 2px 20px; font-size: 13px; color: var(--soft); margin-bottom: 8px; }
.key b { color: var(--ink); font-variant-numeric: tabular-nums; font-weight: 600; margin-left: 4px; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.bars th[scope=row] { color: var(--ink); white-space: nowrap; max-width: 240px; overflow: hidden;
  text-overflow: ellipsis; }
.bars thead th:nth-child(n+3) { text-align: right; }
.bars td, .bars th { vertical-align: middle; padding: 4px 0 4px 14px; }
.bars td:first-child, .bars th:first-child { padding-left: 0; }
td.bar { width: 60%; min-width: 90px; white-space: nowrap; font-size: 0; }
td.bar i { display: inline-block; height: 14px; }
td.bar i:first-child { border-radius: 3px 0 0 3px; }
td.bar i:last-child { border-radius: 0 3px 3px 0; }
td.bar i:only-child { border-radius: 3px; }
i.small { background: var(--small); } i.medium { background: var(--medium); } i.large { background: var(--large); }
i.unknown { background: var(--unknown); } i.one { background: var(--bar); }
.empty th[scope=row], .empty td { color: var(--soft); }
.holds { margin-top: 14px; font-size: 14px; }
.holds li { display: flex; gap: 10px; align-items: baseline; padding: 4px 0; }
.holds li > code { flex: none; width: 64px; }
.holds b { margin-left: auto; white-space: nowrap; font-weight: 600; }
.holds .good b { color: var(--good); }
.holds .error b { color: var(--error); } .holds .warning b { color: var(--warning);
  } .holds .note b { color: var(--note); }
.fates { display: flex; flex-wrap: wrap; gap: 10px; }
.fates li { flex: 1 1 90px; background: var(--wash); border-radius: 8px; padding: 8px 14px; font-size: 13px;
  color: var(--soft); }
.fates b { display: block; font-size: 20px; color: var(--ink); font-variant-numeric: tabular-nums; }
.fates .none b { font-weight: 400; color: var(--soft); }
.fates .failed, .fates .failed b { color: var(--error); }
.fates .dropped b, .fates .throttled b { color: var(--warning); }
#rules { margin-top: 30px; }
.plain .scroll { margin-top: 10px; }
footer { margin-top: 32px; font-size: 13px; }
@media (max-width: 640px) {
  body { padding: 20px 14px 32px; }
  header { grid-template-columns: 1fr; gap: 14px; }
  .verdict { text-align: left; }
  h1 { font-size: 25px; }
  .counts li { padding: 10px 14px; flex-basis: 30%; }
  .card { padding: 14px; }
  .rule { padding: 0; }
  .scores { grid-template-columns: 1fr 1fr; gap: 18px; }
  .whole { grid-column: 1 / -1; }
  .rule > summary { grid-template-columns: auto auto 1fr; padding: 12px 14px; }
  .rule > summary .sentence { grid-row: 2; grid-column: 1 / -1; }
  .count { justify-self: end; }
  .rule > :not(summary) { margin-left: 14px; margin-right: 14px; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 6px; }
  .gallery, .few .gallery { grid-template-columns: repeat(2, 1fr); padding-bottom: 12px; }
  .seen.few { display: block; }
  td.bar { width: 34%; min-width: 60px; }
  .bars th[scope=row] { max-width: 110px; }
  .bars td:nth-child(4), .bars th:nth-child(4) { display: none; }
  .holds li { display: grid; grid-template-columns: 64px 1fr auto; }
  .rule thead { display: none; }
  .rule td { display: block; padding: 0; border: 0; }
  .rule tr { display: block; border-top: 1px solid var(--line); padding: 6px 0; }
  .rule td:first-child { width: auto; font-size: 12px; }
}
@media print {
  body { max-width: none; background: #fff; }
  .card { break-inside: avoid; }
}
"""
)
