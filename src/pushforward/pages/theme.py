"""One visual language: the colours, the paper, and the only place where matplotlib is entered.

The colours are Okabe and Ito's (2008), which people with any colour vision tell apart. In print,
where hues go, real rows are still the filled shape and samples the bare line.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

LATENT = "#009E73"  # z: bluish green
REAL = "#0072B2"  # x, from a table: blue
SAMPLED = "#D55E00"  # x, from the flow: vermillion
DENSITY = "#CC79A7"  # log p and whatever is made of it: reddish purple
PAPER = "#fdfcf8"  # every picture brings its own ground, so that it reads on a dark page too
INK = "#26262b"
FAINT = "#85858f"

Form = Literal["svg", "png"]

DPI = 200  # of rasterised pictures: sharp on a dense screen and in print

STYLE: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same picture on every machine
    "font.size": 9.0,
    "text.usetex": False,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.facecolor": PAPER,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.0,
    "figure.facecolor": PAPER,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "svg.hashsalt": "pushforward",  # the same picture twice is the same file twice
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}

_one_at_a_time = threading.Lock()  # matplotlib's settings are global while a picture is drawn


def render(
    draw: Callable[[Figure], None],
    width: float,
    height: float,
    form: Form = "svg",
    math: bool = False,
) -> bytes:
    """What `draw` puts on a sheet of `width` × `height` inches, as the bytes of a file.

    Args:
        draw: is given an empty `Figure`; it must not use pyplot.
        width, height: in inches; text is 9 points, so keep it narrow for telephones.
        form: "svg" for lines, "png" for clouds of points.
        math: read $…$ as a formula; only for text that is written here, never for data's.
    """
    import matplotlib
    from matplotlib.figure import Figure

    target = io.BytesIO()
    with _one_at_a_time, matplotlib.rc_context(STYLE | {"text.parse_math": math}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type") if form == "svg" else ())
        figure.savefig(target, format=form, dpi=DPI, metadata=metadata or {"Software": None})
    data = target.getvalue()
    # The prolog names a document type by an address; nothing here should name an address.
    return data[data.index(b"<svg") :] if form == "svg" else data


def picture(
    draw: Callable[[Figure], None],
    width: float,
    height: float,
    form: Form = "svg",
    math: bool = False,
) -> str:
    """As `render`, as a data URI.

    Example:
        >>> picture(lambda figure: None, 1, 1)[:26]
        'data:image/svg+xml;base64,'
    """
    return embedded(render(draw, width, height, form, math), form)


def formula(tex: str) -> str:
    """A formula (matplotlib's mathtext, without the dollars) as a data URI, cut to its size.

    Example:
        >>> formula(r"x = f(z)")[:26]
        'data:image/svg+xml;base64,'
    """
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    target = io.BytesIO()
    with _one_at_a_time, matplotlib.rc_context(STYLE | {"text.parse_math": True}):
        math_to_image(f"${tex}$", target, FontProperties(size=15), format="svg", color=INK)
    data = target.getvalue()
    return embedded(data[data.index(b"<svg") :], "svg")


def embedded(data: bytes, form: Form) -> str:
    """The bytes of a picture as a data URI."""
    kind = "image/svg+xml" if form == "svg" else "image/png"
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def shades(colour: str) -> Colormap:
    """From paper through a colour into its darkest: how dense a cloud of that colour is."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    red, green, blue = to_rgb(colour)
    dark = (0.35 * red, 0.35 * green, 0.35 * blue)
    stops = [(0.0, to_rgb(PAPER)), (0.55, to_rgb(colour)), (1.0, dark)]
    return LinearSegmentedColormap.from_list("shades", stops, N=256)


def few_ticks(axes: Axes, x: int = 5, y: int = 4) -> None:
    """At most so many numbers along each side, so that they never run into each other."""
    from matplotlib.ticker import MaxNLocator

    round_numbers = [1, 2, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(x, steps=round_numbers))
    axes.yaxis.set_major_locator(MaxNLocator(y, steps=round_numbers))


def without_height(axes: Axes) -> None:
    """Take the vertical axis away where only the shape matters."""
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(bottom=0)
