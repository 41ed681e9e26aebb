"""The embedded sample: S&P 500 bars, VIX closes and monthly bill rates that ship inside the ``arch`` package.

The files are read where they lie; ``arch`` itself is never imported, since that would load its whole statistics stack.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from alvh.core.days import iso
from alvh.core.errors import DataMissing
from alvh.data.contents import Contents, FileRecord
from alvh.data.quality import QualityLog
from alvh.data.readers import prices
from alvh.data.readers.daily import DailyTable, check_positive, daily_table
from alvh.data.text import SourceText, read_source, read_table

SAMPLE_SOURCE: Final = "sample"
FILES: Final = {"spx": "sp500/sp500.csv.gz", "vix": "vix/vix.csv.gz", "bills": "frenchdata/frenchdata.csv.gz"}
"""Paths inside ``arch/data`` (arch 7.2 and 8.0)."""
MONTHS_A_YEAR: Final = 12


def sample_folder() -> Path:
    """The folder of arch's data files; :class:`DataMissing` where arch is not installed or holds none."""
    spec = find_spec("arch")
    if spec is None or spec.origin is None:
        raise DataMissing(
            "the package 'arch' is not installed, so there is no embedded sample",
            where="sample",
            allowed="arch 7.2 or newer",
            todo="run 'pip install arch', or name a data folder with --data",
        )
    return Path(spec.origin).parent / "data"


def read_sample(log: QualityLog) -> Contents:
    """Read the three files: SPX 1999-2018, VIX closes 2014-2018 and the monthly bill rate."""
    folder = sample_folder()
    texts = {key: _open(folder, path) for key, path in FILES.items()}
    contents = Contents()
    spx = prices.read(texts["spx"], log)
    contents.daily["SPX"] = DailyTable(label=spx.label, name="SPX", days=spx.days, columns=spx.columns)
    contents.daily["VIX"] = read_vix(texts["vix"], log)
    contents.series["RF"] = [read_bills(texts["bills"], log)]
    for key, table in (("spx", spx), ("vix", contents.daily["VIX"]), ("bills", contents.series["RF"][0])):
        contents.files.append(
            FileRecord(
                path=texts[key].label,
                sha256=texts[key].sha256,
                rows=table.rows,
                first=iso(table.days[0]),
                last=iso(table.days[-1]),
                reader="sample",
            )
        )
    return contents


def _open(folder: Path, path: str) -> SourceText:
    if not (folder / path).is_file():
        raise DataMissing(
            f"this version of arch holds no {path}",
            where="sample",
            allowed="arch 7.2 or newer",
            todo="run 'pip install --upgrade arch', or name a data folder with --data",
        )
    return read_source(folder / path, label=f"arch/data/{path}")


def read_vix(source: SourceText, log: QualityLog) -> DailyTable:
    """VIX closes (VIX points) under ``close``; blank rows are holidays and are dropped, counted."""
    table = read_table(source, lambda header: header == ("date", "vix"), expected="Date,vix")
    days, values = table.days("date"), table.floats("vix", blank=True)
    known = ~np.isnan(values)
    log.days("info", source.label, "blank value (holiday)", days[~known].tolist())
    result = daily_table(table, name="VIX", days=days, columns={"close": values}, log=log)
    kept = ~np.isnan(result.columns["close"])
    result = DailyTable(
        label=source.label, name="VIX", days=result.days[kept], columns={"close": np.asarray(result.columns["close"][kept])}
    )
    check_positive(result, "close")
    return result


def read_bills(source: SourceText, log: QualityLog) -> DailyTable:
    """Fama and French's RF, percent a month, as percent a year under ``value``, dated by the last day of its month.

    The source rounds to 0.01 % a month, so the rate steps by 0.12 % a year.
    """
    table = read_table(source, lambda header: header[:1] == ("date",), expected="Date,Mkt-RF,SMB,HML,RF", required=("rf",))
    months = np.array([f"{cell[:4]}-{cell[4:6]}" for cell in table.column("date")], dtype="datetime64[M]")
    days = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
    return daily_table(table, name="RF", days=days, columns={"value": MONTHS_A_YEAR * table.floats("rf")}, log=log)
