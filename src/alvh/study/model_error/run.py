"""Score every chain of a folder: one calibration for all sessions, a named state for each chain that cannot be scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import DayArray
from alvh.core.errors import AlvhError, DataInvalid
from alvh.core.expiries import vix_expiries
from alvh.market.chain import QuotedChain
from alvh.market.forwards import FORWARD_SOURCES, vix_forwards
from alvh.market.history import Floats, History
from alvh.models import vix_smile
from alvh.models.spx_calibration import NO_LEVEL, STATES, Calibration, calibrate
from alvh.models.spx_surface import CLEAN_B_RANGE, CLEAN_SHAPE
from alvh.models.vx_curve import curve_points, ewma
from alvh.study.model_error.inputs import session_inputs
from alvh.study.model_error.smiles import describe_refused, expiry_smiles
from alvh.study.model_error.spx import SpxScore, SpxSession, score_spx, spx_session
from alvh.study.model_error.vix import VixScore, score_vix

NO_SESSION, NO_EXPIRY, INPUTS_MISSING, STALE, NO_SURFACE = "no_session", "no_expiry", "inputs_missing", "stale", "no_surface"
REFUSED = (NO_SESSION, NO_EXPIRY, INPUTS_MISSING, STALE, NO_SURFACE)
"""States of a chain that is not scored: the day is no session; no expiry shows a smile (too few, crossed or too wide quotes); no
index level is known; the quotes are of another moment than the published levels; the levels admit no surface."""
BLEND = 0.5
"""The central case: B half-way from the mean shape to the one that reprices SKEW (surfaces.md 2.4)."""
XSP_POINTS = 10.0
"""An XSP point is ten SPX points (Cboe contract specification)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A chain that was not scored: its state of :data:`REFUSED` and why, in words."""

    underlying: str
    session: int
    source: str
    state: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpxResult:
    """One scored SPX session; ``product`` is SPX or XSP, ``states`` what the calibration says of it."""

    score: SpxScore
    product: str
    states: tuple[str, ...]
    b: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelErrors:
    """Everything that was scored, by session, and what was not."""

    spx: tuple[SpxResult, ...]
    vix: tuple[VixScore, ...]
    refused: tuple[Refusal, ...]


Gathered = tuple[SpxSession, str]
"""What is scored of a chain, and its product."""


def model_errors(
    chains: Sequence[QuotedChain], history: History | None, *, progress: Callable[[int, int], None] | None = None
) -> ModelErrors:
    """Score the shipped coefficients on every chain; ``history`` None scores all with inputs from the chains themselves."""
    gathered: list[Gathered] = []
    vix: list[VixScore] = []
    refused: list[Refusal] = []
    for done, chain in enumerate(chains):
        found = _vix(chain, history) if chain.underlying == "VIX" else _spx(chain, history)
        if isinstance(found, Refusal):
            refused.append(found)
        elif isinstance(found, VixScore):
            vix.append(found)
        else:
            gathered.append(found)
        if progress is not None:
            progress(done + 1, len(chains))
    spx, without = score_sessions(gathered)
    return ModelErrors(spx=spx, vix=tuple(vix), refused=(*refused, *without))


def calibrate_sessions(
    sessions: Sequence[SpxSession],
    *,
    blend: float = BLEND,
    shape: Floats = CLEAN_SHAPE,
    b_range: tuple[float, float] = CLEAN_B_RANGE,
) -> Calibration:
    """Calibrate the surface to the inputs of each session through its listed expiries; by default with what is shipped."""
    return calibrate(
        np.array([session.inputs.spot for session in sessions], dtype=np.float64),
        np.array([session.inputs.levels for session in sessions], dtype=np.float64).reshape(-1, 4),
        np.array([session.inputs.skew for session in sessions], dtype=np.float64),
        blend=blend,
        shape=shape,
        b_range=b_range,
        sessions=np.array([session.session for session in sessions], dtype=np.int64),
    )


def score_sessions(gathered: Sequence[Gathered]) -> tuple[tuple[SpxResult, ...], tuple[Refusal, ...]]:
    """Calibrate all sessions at once and score each; a session whose levels admit no surface is refused."""
    if not gathered:
        return (), ()
    surface = calibrate_sessions([session for session, _ in gathered])
    results, refused = [], []
    for row, (session, product) in enumerate(gathered):
        state = int(surface.state[row])
        if state & NO_LEVEL:
            levels = ", ".join(f"{level:g}" for level in session.inputs.levels)
            why = f"VIX9D, VIX, VIX3M, VIX6M of {levels} are absurd or missing"
            source = session.source
            refused.append(Refusal(underlying="SPX", session=session.session, source=source, state=NO_SURFACE, why=why))
            continue
        names = tuple(name for bit, name in STATES.items() if state & bit)
        score = score_spx(session, surface, row)
        results.append(SpxResult(score=score, product=product, states=names, b=float(surface.b[row])))
    return tuple(results), tuple(refused)


def coefficients() -> dict[str, object]:
    """The shipped coefficients by name."""
    names = ("mu", "s", "d0", "d1", "x_low", "x_high", "fade_low", "fade_high", "form", "least", "most", "mean_b")
    return {
        "spx": {**dict(zip(names, (float(value) for value in CLEAN_SHAPE), strict=True)), "blend": BLEND},
        "vix": asdict(vix_smile.SHIPPED),
    }


def gather_spx(chain: QuotedChain, history: History | None) -> SpxSession | Refusal:
    """The points of one SPX chain and its inputs, or why it has none."""
    found = _spx(chain, history)
    return found if isinstance(found, Refusal) else found[0]


def vix_vols(vvix: float, years: Floats, log_money: Floats) -> Floats:
    """The shipped VIX smile: VVIX in points, years and ln(K/F) (p,) to vols (p,)."""
    return vix_smile.smile_vol(vvix, 1.0, np.exp(log_money), years)


def in_spx_points(chain: QuotedChain) -> tuple[QuotedChain, str]:
    """The chain in SPX points and its product: XSP alone is brought to SPX points, beside SPX it is left out."""
    xsp = chain.root == str(Root.XSP)
    if not xsp.any():
        return chain, "SPX"
    if not xsp.all():
        kept = ~xsp
        names = ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest")
        return replace(chain, **{name: getattr(chain, name)[kept] for name in names}), "SPX"
    scaled = {name: XSP_POINTS * getattr(chain, name) for name in ("strike", "bid", "ask", "listed_spot")}
    return replace(chain, **scaled), "XSP"


def product_forwards(history: History, session: int, expiry: DayArray) -> tuple[Floats, tuple[str, ...]] | None:
    """The product's own forwards of VIX expiries at a session's close (``market.forwards``), None without such a session."""
    row = int(np.searchsorted(history.sessions, session))
    if row >= history.sessions.size or int(history.sessions[row]) != session or expiry.size == 0:
        return None
    listed = vix_expiries(int(expiry.min()), int(expiry.max()))
    monthly = np.isin(expiry, listed.expiry[listed.monthly])
    points = curve_points(history.vix_close, ewma(history.vix_close))
    try:
        found = vix_forwards(history, expiry=expiry, monthly=monthly, curve_points=points)
    except AlvhError:
        return None
    value = found.forward[row]
    if not np.isfinite(value).all():
        return None
    return value, tuple(FORWARD_SOURCES[code] for code in found.source[row].tolist())


def _spx(chain: QuotedChain, history: History | None) -> Gathered | Refusal:
    chain, product = in_spx_points(chain)
    try:
        expiries = expiry_smiles(chain)
    except AlvhError as error:
        return _refusal(chain, NO_SESSION, error.what)
    if not expiries.smiles:
        why = "; ".join(describe_refused(expiries.refused)) or "no Friday-type expiry of 8 to 62 days"
        return _refusal(chain, NO_EXPIRY, why)
    try:
        inputs = session_inputs(chain, history, forward=expiries.smiles[0].forward)
    except AlvhError as error:
        return _refusal(chain, STALE if isinstance(error, DataInvalid) else INPUTS_MISSING, error.what)
    return spx_session(chain, inputs, expiries), product


def _vix(chain: QuotedChain, history: History | None) -> VixScore | Refusal:
    try:
        expiries = expiry_smiles(chain)
    except AlvhError as error:
        return _refusal(chain, NO_SESSION, error.what)
    if not expiries.smiles:
        return _refusal(chain, NO_EXPIRY, "; ".join(describe_refused(expiries.refused)) or "no expiry of 7 to 121 days")
    published = math.nan
    if history is not None:
        row = int(np.searchsorted(history.sessions, chain.session))
        if row < history.sessions.size and int(history.sessions[row]) == chain.session:
            published = float(history.vvix[row])

    def forwards(session: int, expiry: DayArray) -> tuple[Floats, tuple[str, ...]] | None:
        return None if history is None else product_forwards(history, session, expiry)

    try:
        return score_vix(chain, expiries, published_vvix=published, forwards=forwards, vols=vix_vols)
    except AlvhError as error:
        return _refusal(chain, INPUTS_MISSING, error.what)


def _refusal(chain: QuotedChain, state: str, why: str) -> Refusal:
    return Refusal(underlying=chain.underlying, session=chain.session, source=chain.source, state=state, why=why)
