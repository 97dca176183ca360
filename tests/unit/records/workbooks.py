"""Workbooks for tests, written part by part: what a spreadsheet stores, in as few bytes as it takes."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Value = str | int | float | bool | dt.date | None
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f'<styleSheet {_MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="ddd\\ dd/mm/yyyy"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs>'
    "</styleSheet>"
)


def letters(place: int) -> str:
    """A, B … Z, AA."""
    return ("" if place < 26 else letters(place // 26 - 1)) + chr(65 + place % 26)


def cell(value: Value, name: str, shared: list[str]) -> str:
    """One cell as the format writes it; dates as numbers with a style, every other text in the shared list."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{name}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, dt.date):
        return f'<c r="{name}" s="1"><v>{(value - dt.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{name}"><v>{value!r}</v></c>'
    if len(value) % 2:
        return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    shared.append(value)
    return f'<c r="{name}" t="s"><v>{len(shared) - 1}</v></c>'


def sheet_xml(rows: Sequence[Sequence[Value]], shared: list[str]) -> str:
    """A worksheet."""
    body = "".join(
        f'<row r="{r}">' + "".join(cell(value, f"{letters(c)}{r}", shared) for c, value in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, start=1)
    )
    return f"<worksheet {_MAIN}><sheetData>{body}</sheetData></worksheet>"


def parts(
    *sheets: Sequence[Sequence[Value]] | str, states: Sequence[str] = (), names: Sequence[str] = (), properties: str = ""
) -> dict[str, str]:
    """The parts of a workbook by name; a sheet is its rows, or its XML."""
    shared: list[str] = []
    xml = [sheet if isinstance(sheet, str) else sheet_xml(sheet, shared) for sheet in sheets]
    links = "".join(f'<Relationship Id="r{i}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in range(1, len(xml) + 1))
    links += f'<Relationship Id="s" Type="{_LINKS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    links += f'<Relationship Id="t" Type="{_LINKS}/styles" Target="styles.xml"/>'
    entries = "".join(
        f'<sheet name={quoteattr(names[i - 1] if names else f"S{i}")} sheetId="{i}" r:id="r{i}"'
        + (f' state="{states[i - 1]}"' if states else "")
        + "/>"
        for i in range(1, len(xml) + 1)
    )
    rels = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f"<Relationships {rels}>"
        f'<Relationship Id="a" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_LINKS}">{properties}<sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {rels}>{links}</Relationships>",
        "xl/sharedStrings.xml": f"<sst {_MAIN}>" + "".join(f"<si><t>{escape(text)}</t></si>" for text in shared) + "</sst>",
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{i}.xml": text for i, text in enumerate(xml, start=1)},
    }


def packed(contents: Mapping[str, str | bytes]) -> bytes:
    """The parts as one archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return sink.getvalue()


def workbook(*sheets: Sequence[Sequence[Value]] | str, states: Sequence[str] = (), names: Sequence[str] = ()) -> bytes:
    """A workbook as bytes."""
    return packed(parts(*sheets, states=states, names=names))


def put_workbook(folder: Path, *sheets: Sequence[Sequence[Value]] | str, name: str = "school.xlsx", states: Sequence[str] = ()) -> Path:
    """Write a workbook into a folder."""
    path = folder / name
    path.write_bytes(workbook(*sheets, states=states))
    return path
