"""The table: one line a promise, met or not."""
from dataclasses import dataclass
from statistics import median


@dataclass
class Line:
    """One promise: what was measured, both sides as text, the number that counts, and what it must reach."""

    what: str
    ours: str
    peer: str
    value: float
    target: float
    unit: str
    at_least: bool

    @property
    def met(self):
        return self.value >= self.target if self.at_least else self.value <= self.target

    def row(self):
        sign = "≥" if self.at_least else "≤"
        cells = [
            self.what, self.ours, self.peer, quantity(self.value, self.unit), f"{sign} {quantity(self.target, self.unit)}",
            "yes" if self.met else "**no**",
        ]
        return "| " + " | ".join(cells) + " |"


def ratio(what, ours, peer, unit, target, higher_is_better=True):
    """A line on how many times better the median of `ours` is than the median of `peer`."""
    a, b = median(ours), median(peer)
    value = a / b if higher_is_better else b / a
    return Line(what, spread(ours, unit), spread(peer, unit), value, target, "x", True)


def bound(what, ours, unit, target, peer=(), at_least=False):
    """A line on a value of ours that must stay under (or reach) a number."""
    peer_text = spread(peer, unit) if peer else "-"
    return Line(what, spread(ours, unit), peer_text, median(ours), target, unit, at_least)


def spread(values, unit):
    """The median, and the range when there was more than one round."""
    text = quantity(median(values), unit)
    if len(values) > 1:
        text += f" ({number(min(values))} to {number(max(values))})"
    return text


def quantity(value, unit):
    gap = "" if unit in ("x", "%") else " "
    return f"{number(value)}{gap}{unit}"


def number(value):
    """Three significant digits, thousands grouped."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(lines):
    head = ["| what | ours | peer | value | target | met |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join(head + [line.row() for line in lines])
