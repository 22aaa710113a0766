"""A drawing as an SVG file of its own: title, axes and note in it, light and dark by the reader's setting.

Colours are written out in both styles, because what draws SVG outside of browsers knows no CSS variables.
"""

from __future__ import annotations

from collections.abc import Mapping

from framepress.quality.report.charts import Drawing
from framepress.quality.report.markup import coordinate, escaped, tag
from framepress.quality.report.style import DARK, LIGHT

__all__ = ["svg_file"]

_MARGIN, _TITLE, _LINE, _SCALE = 12.0, 34.0, 16.0, 2.0
_SIGNS = 62
"""Of a note, in a line."""
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'
_RULES = """\
text { font: 11px %(font)s; fill: %(soft)s; }
text.title { font-size: 14px; font-weight: 650; fill: %(ink)s; }
text.name { fill: %(ink)s; }
.paper { fill: %(card)s; }
path.grid, circle.grid { stroke: %(line)s; fill: none; }
.bar { fill: %(bar)s; }
.small { fill: %(small)s; } .medium { fill: %(medium)s; } .large { fill: %(large)s; } .unknown { fill: %(unknown)s; }
.cells { shape-rendering: crispEdges; }
.ground { fill: %(ground)s; }
.limit { stroke: %(warning)s; stroke-dasharray: 4 3; fill: none; }
text.limit { stroke: none; fill: %(warning)s; }
.red { stroke: %(error)s; } .green { stroke: %(good)s; } .blue { stroke: %(note)s; }
.red, .green, .blue { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
rect.red { fill: %(error)s; } rect.green { fill: %(good)s; } rect.blue { fill: %(note)s; }
.h1 { fill: %(h1)s; } .h2 { fill: %(h2)s; } .h3 { fill: %(h3)s; } .h4 { fill: %(h4)s; }
.h5 { fill: %(h5)s; } .h6 { fill: %(h6)s; } .h7 { fill: %(h7)s; } .h8 { fill: %(h8)s; }
"""


def svg_file(drawing: Drawing) -> bytes:
    """UTF-8; the same bytes for the same drawing."""
    width = drawing.size_wh[0] + 2 * _MARGIN
    top = _TITLE + (_LINE if drawing.up else 0)
    end = top + drawing.size_wh[1]
    content = tag("title", escaped(drawing.title)) + tag("desc", escaped(drawing.told, most=2000))
    content += tag("style", _style()) + tag("rect", class_="paper", width="100%", height="100%")
    content += tag("text", escaped(drawing.title), class_="title", x=_MARGIN, y=_TITLE - 12)
    if drawing.up:
        content += tag("text", escaped(drawing.up), x=_MARGIN, y=_TITLE + 4)
    content += tag("g", drawing.content, transform=f"translate({_MARGIN:g} {top:g})")
    if drawing.across:
        end += _LINE
        content += tag("text", escaped(drawing.across), x=width / 2, y=end - 4, text_anchor="middle")
    for line in _lines(drawing.note):
        end += _LINE
        content += tag("text", escaped(line), x=_MARGIN, y=end)
    height = end + _MARGIN
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {coordinate(width)} {coordinate(height)}",
        "width": width * _SCALE,
        "height": height * _SCALE,
        "role": "img",
    }
    return (tag("svg", content, **attributes) + "\n").encode()


def _style() -> str:
    return f"{_rules(LIGHT)}@media (prefers-color-scheme: dark) {{\n{_rules(DARK)}}}\n"


def _rules(palette: Mapping[str, str]) -> str:
    return _RULES % {"font": _FONT, **palette}


def _lines(note: str) -> list[str]:
    """Words in lines that fit; a word that is too long is cut by the reader's window, not by us."""
    lines: list[str] = []
    for word in note.split():
        if lines and len(lines[-1]) + 1 + len(word) <= _SIGNS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
