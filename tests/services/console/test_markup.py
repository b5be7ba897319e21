"""Markup: text is escaped and attributes are written as HTML writes them."""

from console.markup import Html, el, render

NASTY = '<script>alert("1")</script>'


def test_text_is_escaped_wherever_it_stands() -> None:
    assert el("p", NASTY, title='"') == '<p title="&quot;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</p>'
    assert render(["<", Html("<b>"), None, [["&"]]]) == "&lt;<b>&amp;"


def test_attributes_are_written_as_html_writes_them() -> None:
    assert el("input", class_="a", data_live=True, value=None, required=False) == '<input class="a" data-live>'
