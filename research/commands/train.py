"""`bea train` and `bea models`: models that are fitted on the past and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from research.commands.arguments import parser_of, print_json

if TYPE_CHECKING:
    from research.forecasting.artifacts import Artifact
    from research.training.train import Trained

_TRAIN: Final = (
    "Fit a model on all settled events of data.*, and keep it as an artifact. tune=optuna chooses its parameters by a "
    "purged walk forward on log loss inside the same window; profit is never looked at. A study that was interrupted "
    "goes on where it was. For example: bea train model=logit tune=optuna data.last_date=2018-06-30. The artifact bets "
    "in a backtest with strategy=model strategy.artifact=HASH strategy.first_bet=DATE. Exit status: 0, 2 a wrong "
    "command."
)
_MODELS: Final = (
    "List the stored models of the home, or show one: its window of training, parameters and scores. Each is checked "
    "by the hash of its content. Exit status: 0, 1 if one is damaged, 2 a wrong command."
)
#: trials that a table shows
_TOP: Final = 10


def train(argv: Sequence[str]) -> int:
    """Run `bea train` with the words after it; returns the exit status."""
    parser = parser_of("train", _TRAIN)
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="groups and keys of conf/train.yaml")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="folder with your own options")
    options = parser.parse_intermixed_args(list(argv))
    from research.config.compose import Composer, quoted, resolved
    from research.config.keys import checked
    from research.execution.progress import Silence, progress_for
    from research.training.settings import settings_of
    from research.training.train import train as trained

    folder = Path(options.config_dir).absolute() if options.config_dir else None
    tree = resolved(Composer("train", folder).compose(quoted(options.overrides)))
    as_json = checked("output", tree["output"]) == "json" or options.json
    result = trained(settings_of(tree), Silence() if as_json else progress_for())
    if as_json:
        print_json(result.document())
    else:
        _show_trained(result)
    return 0


def models(argv: Sequence[str]) -> int:
    """Run `bea models` with the words after it; returns the exit status."""
    parser = parser_of("models", _MODELS)
    parser.add_argument("words", nargs="*", metavar="show HASH", help="a file, or the first digits of a hash")
    options = parser.parse_args(list(argv))
    from engine.errors import DataError, UsageError
    from research.forecasting.artifacts import load, path_of, paths

    words = list(options.words)
    if words and (words[0] != "show" or len(words) != 2):
        raise UsageError("a wrong command", expected="bea models, or bea models show HASH", found=" ".join(words))
    if words:
        _show(load(path_of(words[1])), as_json=options.json)
        return 0
    found: list[tuple[str, Artifact]] = []
    damaged: list[str] = []
    for path in paths():
        try:
            found.append((path.stem, load(path)))
        except DataError as error:
            damaged.append(str(error))
    if options.json:
        print_json({"models": [{"hash": name, **one.facts()} for name, one in found], "damaged": damaged})
    else:
        _list(found, damaged)
    return int(bool(damaged))


def _day(instant_ns: int) -> str:
    from engine.clock import day_of

    return day_of(instant_ns, "UTC").isoformat()


def _list(found: Sequence[tuple[str, Artifact]], damaged: Sequence[str]) -> None:
    from research.commands.tables import print_line, print_table

    if not found and not damaged:
        print_line("no stored model; `bea train model=NAME` makes one")
    heads = ["model", "hash", "market", "from", "until", "events", "log loss", "base"]
    rows: list[list[object]] = [
        [
            one.model, name[:12], one.market, _day(one.first_ns), _day(one.until_ns), f"{one.n_rows:,}",
            _loss(one.metrics.get("log_loss")), _loss(one.metrics.get("base_log_loss")),
        ]
        for name, one in found
    ]  # fmt: skip
    if rows:
        print_table("", heads, rows)
    for line in damaged:
        print_line(f"damaged {line}")


def _show(artifact: Artifact, as_json: bool) -> None:
    from research.commands.tables import print_line
    from research.training.weights import weights_of

    facts = artifact.facts()
    if as_json:
        print_json({"hash": artifact.hash, **facts, "weights": [vars(one) for one in weights_of(artifact.fitted)]})
        return
    print_line(f"{artifact.model} {artifact.hash}")
    print_line(_learned(artifact))
    print_line(f"market {artifact.market}; features {', '.join(artifact.features) or 'none'}")
    for name, value in facts["parameters"].items():
        print_line(f"model.{name}={value}")
    for name, value in artifact.rows.items():
        print_line(f"trained with {name}={value if value is not None else 'null'}")
    _show_weights(artifact)
    print_line(_scores(artifact.metrics))
    print_line(f"rows {artifact.rows_hash}, code {artifact.code}")
    print_line(", ".join(f"{name} {number}" for name, number in artifact.versions.items()))


def _show_weights(artifact: Artifact) -> None:
    """The fitted weights of pools: how much each member adds to the others, the market among them."""
    from research.commands.tables import print_table
    from research.training.weights import weights_of

    weights = weights_of(artifact.fitted)
    if weights:
        rows: list[list[object]] = [
            [one.model, one.member, f"{one.weight:.3f}", f"{one.low:.3f}", f"{one.high:.3f}"] for one in weights
        ]
        print_table("", ["pool", "member", "weight", "95% from", "to"], rows)


def _learned(artifact: Artifact) -> str:
    return (
        f"learned from {artifact.n_rows:,} events decided from {_day(artifact.first_ns)} on and settled before "
        f"{_day(artifact.until_ns)}"
    )


def _scores(metrics: Mapping[str, float | None]) -> str:
    return (
        f"inside the window, {metrics.get('n'):,} events walked forward: log loss {_loss(metrics.get('log_loss'))}, "
        f"RPS {_loss(metrics.get('rps'))}, Brier {_loss(metrics.get('brier'))}; "
        f"shares of the outcomes {_loss(metrics.get('base_log_loss'))}"
    )


def _show_trained(result: Trained) -> None:
    from engine.errors import printable
    from research.commands.tables import print_line, print_table
    from research.training.study import is_repeatable

    artifact = result.artifact
    if result.study:
        names = list(result.best.parameters)
        ranked = sorted(result.trials, key=lambda trial: (trial.score.is_pruned, trial.score.log_loss))[:_TOP]
        rows: list[list[object]] = [
            [
                str(trial.number), _loss(trial.score.log_loss), _loss(trial.score.rps), _loss(trial.score.brier),
                *(f"{trial.parameters[name]:.4g}" for name in names), "pruned" if trial.score.is_pruned else "",
            ]
            for trial in ranked
        ]  # fmt: skip
        print_table("", ["trial", "log loss", "RPS", "Brier", *names, ""], rows)
        pruned = sum(trial.score.is_pruned for trial in result.trials)
        read = f", {result.n_read} read from the study" if result.n_read else ""
        print_line(f"{len(result.trials)} trials{read}, {pruned} pruned; trial 0 has the parameters as they were")
        if not is_repeatable(result.trials):
            print_line("note    unrepeatable: the trials come from unlike processors, whose last bits may differ")
    print_line(_scores(artifact.metrics))
    if result.study and len(result.trials) > 1:
        print_line("the parameters were chosen on these events: judge the model on later ones")
    if artifact.metrics.get("n_silent"):
        print_line(f"note    no answer for {artifact.metrics['n_silent']:,} of them: they count with the shares")
    if result.n_left_out:
        print_line(f"note    {result.n_left_out:,} events without a result are not learned from")
    _show_weights(artifact)
    print_line(_learned(artifact))
    print_line(f"stored  {printable(result.path, 400)}")
    same = (f" {key}={value}" for key, value in artifact.rows.items() if isinstance(value, str))
    bet = f"strategy=model strategy.artifact={result.path.stem[:12]} strategy.first_bet={_day(artifact.until_ns)}"
    print_line(f"bet     {bet}{''.join(same)}")


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
