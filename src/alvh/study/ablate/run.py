"""Carry out an ablation: run every variant, compare each with its reference, and check that the condors are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from alvh.core.errors import InternalError, UsageError
from alvh.results.uncertainty import CaseFigures, price_range
from alvh.strategy.policy import Policy
from alvh.study.ablate.differences import REPEATS, Difference, mean_gap
from alvh.study.ablate.elements import moves_condors
from alvh.study.ablate.figures import VariantRun
from alvh.study.ablate.pairs import Pair, compare_pairs
from alvh.study.ablate.prepared import Prepared, check_signals
from alvh.study.ablate.runs import kept_runs, make_runs, plan_runs
from alvh.study.ablate.variants import Variant, variants


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One variant: its run and its difference from its reference, both None where the variant is not possible.

    ``same_condors``: whether both runs hold the same condor lots to the cent, and ``other_condors_by`` the elements through which
    they may not. ``prices``: low, central and high of figures over the measured error of the prices, empty where not asked for.
    """

    variant: Variant
    run: VariantRun | None = None
    difference: Difference | None = None
    same_condors: bool | None = None
    other_condors_by: tuple[str, ...] = ()
    prices: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A finished ablation, the policy itself first. Of ``runs`` distinct runs ``runs_kept`` came from disk."""

    policy: Policy
    outcomes: tuple[Outcome, ...]
    runs: int
    runs_kept: int
    seed: int
    repeats: int
    notes: tuple[str, ...]

    def named(self, name: str) -> Outcome:
        """The outcome of a variant."""
        return next(outcome for outcome in self.outcomes if outcome.variant.name == name)


def ablate(
    policy: Policy,
    prepared: Prepared,
    *,
    load: Callable[[], Prepared],
    processes: int = 2,
    seed: int = 0,
    repeats: int = REPEATS,
    progress: Callable[[int, int], None] | None = None,
) -> Ablation:
    """Run every variant of ``policy`` on the prepared market and compare.

    ``load`` gives ``prepared`` again in a worker process that cannot inherit it. Raises :class:`UsageError` for an overlay and
    :class:`DataMissing` where a rule that may not be off lacks a signal; what was finished before an error stays on disk.
    """
    refuse_overlay(policy)
    check_signals(policy, prepared)
    found = variants(policy)
    notes: list[str] = []
    plan = plan_runs({one.name: one.policy for one in found if one.policy is not None}, prepared)
    possible = [one for one in found if one.policy is not None and one.reference]
    total = len(plan.policies) + len(possible)

    def report(done: int) -> None:
        if progress is not None:
            progress(done, total)

    done = kept_runs(plan, prepared.folder, notes)
    kept = len(done)
    report(kept)
    make_runs(plan, done, prepared, load=load, processes=processes, notes=notes, report=report)
    runs = {place: done[key] for place, key in plan.ids.items()}
    account = policy.account
    pairs = {
        one.name: Pair(
            ours_usd=runs[0, one.name].equity_hedged_usd,
            theirs_usd=runs[0, one.reference].equity_hedged_usd,
            account_usd=account.equity_usd,
            compound=account.compound,
            seed=seed,
            repeats=repeats,
        )
        for one in possible
    }
    differences = compare_pairs(
        pairs, prepared.folder, processes=processes, report=lambda count: report(len(plan.policies) + count)
    )
    outcomes = tuple(_outcome(one, found, runs, differences, prepared) for one in found)
    return Ablation(
        policy=policy,
        outcomes=outcomes,
        runs=len(plan.policies),
        runs_kept=kept,
        seed=seed,
        repeats=repeats,
        notes=tuple(notes),
    )


def refuse_overlay(policy: Policy) -> None:
    """Raise :class:`UsageError` for a policy that holds an overlay: no adaptive element acts on one."""
    if policy.overlay is None:
        return
    raise UsageError(
        f"policy '{policy.name}' is an overlay, a benchmark without condors and hedge",
        where="alvh ablate",
        allowed="a policy of condors and hedge",
        todo="rebuild an index with 'alvh study replicate INDEX'",
    )


def _outcome(
    variant: Variant,
    all_variants: Sequence[Variant],
    runs: Mapping[tuple[int, str], VariantRun],
    differences: Mapping[str, Difference],
    prepared: Prepared,
) -> Outcome:
    if variant.policy is None:
        return Outcome(variant=variant, prices={})
    run, prices = runs[0, variant.name], _price_range(variant, runs, prepared)
    if not variant.reference:
        return Outcome(variant=variant, run=run, prices=prices)
    reference = next(one.policy for one in all_variants if one.name == variant.reference)
    same = _condors(run) == _condors(runs[0, variant.reference])
    by = () if reference is None else moves_condors(variant.policy, reference)
    if not same and not by:
        raise InternalError(
            f"the runs of '{variant.name}' and '{variant.reference}' hold other condors, and nothing in them may change condors",
            where="alvh ablate",
            allowed="the same condor lots to the cent",
        )
    return Outcome(
        variant=variant,
        run=run,
        difference=differences[variant.name],
        same_condors=same,
        other_condors_by=() if same else by,
        prices=prices,
    )


def _condors(run: VariantRun) -> str:
    return str(run.figures["condors"]["sha256"])


def _price_range(
    variant: Variant, runs: Mapping[tuple[int, str], VariantRun], prepared: Prepared
) -> Mapping[str, Mapping[str, float]]:
    """Each figure at both ends of every price's measured error, as :mod:`alvh.results.uncertainty` joins them."""
    if not prepared.cases or variant.policy is None:
        return {}
    account = variant.policy.account

    def figures(at: int) -> dict[str, float]:
        own = runs[at, variant.name]
        made = {"max_drawdown": own.figures["max_drawdown"]}
        if own.figures["carry_pct_per_month"] is not None:
            made["carry_pct_per_month"] = own.figures["carry_pct_per_month"]
        if variant.reference:
            other = runs[at, variant.reference]
            made["drawdown_difference"] = own.figures["max_drawdown"] - other.figures["max_drawdown"]
            made["difference_pct_per_year"] = 100.0 * mean_gap(
                own.equity_hedged_usd, other.equity_hedged_usd, account.equity_usd, compound=account.compound
            )
        return made

    cases = [
        CaseFigures(case=one.case.name, source=one.case.source, text=one.case.text, figures=figures(k))
        for k, one in enumerate(prepared.cases, start=1)
    ]
    return price_range(figures(0), cases)
