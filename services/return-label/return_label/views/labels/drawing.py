"""Drawing of a label as PDF or PNG: Typst sets it, in any script, the same bytes each time.

Typst, its fonts and the encoder of bars are loaded by the first label that is drawn: a service that prints none has the
memory that it had. One compiler draws one label at a time.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from return_label.views.labels.layout import DOTS, Label, as_data

if TYPE_CHECKING:
    import typst

FONTS = ("manimgx_fonts", "fontpkg_ibm_plex_sans_arabic", "noto_cjk_sans_otc")
"""The packages that bring them."""
_INCH = 25.4


def pdf(label: Label, page: str = "a6") -> bytes:
    """The label on a page of that size, with its text to be searched and copied."""
    return _drawn(label, page, "pdf")


def png(label: Label) -> bytes:
    """The label as a label printer's dots."""
    return _drawn(label, "a6", "png")


def _drawn(label: Label, page: str, form: Literal["pdf", "png"]) -> bytes:
    given = {"label": json.dumps(as_data(label, page), ensure_ascii=False)}
    made = _compiler().compile(input=_template(), format=form, sys_inputs=given, ppi=DOTS * _INCH)
    assert isinstance(made, bytes)
    return made


@cache
def _compiler() -> typst.Compiler:
    import typst

    folders = [str(resources.files(package)) for package in FONTS]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@cache
def _template() -> bytes:
    return resources.files(__package__).joinpath("label.typ").read_bytes()
