"""The ``evals`` command."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from recommender import new_program, printable, run_async

from . import data_cli, trust_cli
from .errors import SpecError
from .telling import FROM_0, FROM_1, STANDARD_OUTPUT, Figures, say, write_figures

app = new_program("evals", "Evaluate recommenders, with control rows, intervals and nobody left out.")
app.command(data_cli.app)
app.command(trust_cli.attack)
app.command(trust_cli.audit)


@app.command
def run(
    spec: Annotated[Path | None, Parameter(help="An eval spec, or the name of one that ships.")] = None,
    /,
    *,
    data: Annotated[Path | None, Parameter(name="--data", help="Folder with the spec's dataset.")] = None,
    tasks: Annotated[Path | None, Parameter(help="A task file, in place of a spec.")] = None,
    catalog: Annotated[Path | None, Parameter(help="Catalogue of the task file; default: the config's.")] = None,
    config: Annotated[Path | None, Parameter(help="The recommender's YAML file.")] = None,
    out: Annotated[Path | None, Parameter(help="Run folder; one that holds the same run is gone on with.")] = None,
    metrics: Annotated[tuple[str, ...], Parameter(help="Metrics, such as ndcg@10; repeat.")] = (),
    json_: Figures = None,
) -> int:
    """Run an evaluation: a spec, or a task file with a catalogue and a recommender's config.

    `evals run spec.yaml`

    `evals run --tasks tasks.jsonl --config films.yaml --out runs/mine`
    """
    from .metrics import parse

    for name in metrics:
        parse(name)
    if spec is not None:
        if tasks or catalog or config:
            raise SpecError("Give either a spec or --tasks, --catalog and --config, not both.")
        from .spec import load_spec

        plan = load_spec(spec)
        if data is not None:
            if plan.dataset is None:
                raise SpecError("--data goes with a spec that names a dataset; this one names a task file.")
            plan = replace(plan, spec=plan.spec.model_copy(update={"data": data}))
        return _finish(run_async(plan.run(say, out=out, metrics=metrics)), json_)
    if data is not None:
        raise SpecError("--data goes with a spec that names a dataset.")
    if tasks is None or config is None or out is None:
        raise SpecError("Give a spec, or --tasks, --config and --out (and --catalog where the config names none).")
    return _finish(run_async(_run_tasks(tasks, catalog, config, out, metrics)), json_)


async def _run_tasks(tasks: Path, catalog: Path | None, config: Path, out: Path, metrics: tuple[str, ...]) -> Any:
    from recommender import Recommender, load_config

    from .metrics import DEFAULT
    from .runner import evaluate
    from .store import JOURNAL
    from .tasks import read_tasks

    loaded = load_config(config)
    rec = Recommender.from_config(loaded, catalog=catalog, journal=out / JOURNAL)
    if rec.catalog is None:
        raise SpecError("There is no catalogue; give --catalog, or add `catalog:` to the config.")
    taskset = read_tasks(tasks, rec.catalog)
    say(rec.describe())
    try:
        return await evaluate(taskset, rec, out, metrics=metrics or DEFAULT, seed=loaded.seed)
    finally:
        await rec.aclose()


@app.command
def estimate(
    spec: Annotated[Path, Parameter(help="An eval spec.")],
    /,
    *,
    out: Annotated[Path | None, Parameter(help="Run folder; what it has answers for is not counted.")] = None,
    json_: Figures = None,
) -> int:
    """Price an evaluation before it runs: requests, tokens and dollars, without a call.

    `evals estimate spec.yaml`
    """
    from .estimate import document
    from .estimate import estimate as price
    from .spec import load_spec
    from .table import print_estimates

    found = price(load_spec(spec), say, out=out)
    if not write_figures(document(found), json_):
        print_estimates(found)
    return 0


@app.command
def contamination(
    dataset: Annotated[str, Parameter(help="The dataset that the model should not know by heart.")],
    /,
    *,
    config: Annotated[Path, Parameter(help="A recommender's YAML file; its backend is asked.")],
    out: Annotated[Path, Parameter(help="Folder for contamination.json and every request and answer.")],
    data: Annotated[Path | None, Parameter(name="--data", help="Folder with the data; default: it is fetched.")] = None,
    questions: Annotated[int, Parameter(help="Questions of each kind (titles, records, users), 2 or more.")] = 100,
    seed: Annotated[int, Parameter(help="Draws items and users.", validator=FROM_0)] = 2026,
    json_: Figures = None,
) -> int:
    """Probe whether a model knows a dataset by heart: its titles, its records, what its users did next.

    `evals contamination movielens-100k --config films.yaml --out runs/known`
    """
    from recommender import Recommender, load_config

    from .contamination import probe, verdict
    from .datasets import find_dataset
    from .store import JOURNAL
    from .writing import write_json

    found = find_dataset(dataset)
    read = found.load(data or found.fetch(say))
    rec = Recommender.from_config(load_config(config), catalog=read.items, journal=out / JOURNAL)

    async def carry_through() -> Any:
        try:
            return await probe(read, rec, questions=questions, seed=seed)
        finally:
            await rec.aclose()

    document = run_async(carry_through())
    write_json(out / "contamination.json", document)
    if not write_figures(document, json_):
        sys.stdout.writelines(f"{printable(sentence)}\n" for sentence in verdict(document))
    return 0


@app.command
def demo(
    *,
    users: Annotated[int, Parameter(help="Users that are evaluated.", validator=FROM_1)] = 150,
    candidates: Annotated[int, Parameter(help="Candidates of each user, with the target.")] = 20,
    seed: Annotated[int, Parameter(help="Seed of users, candidates and intervals.", validator=FROM_0)] = 2026,
    out: Annotated[Path, Parameter(help="Run folder; what was in it is replaced.")] = Path("runs/demo"),
    config: Annotated[Path | None, Parameter(help="Another recommender's YAML file.")] = None,
) -> int:
    """Recommend to real users and evaluate, on MovieLens-100K with an embedded model; fetches both.

    `evals demo --users 30`
    """
    from .demo import CONFIG
    from .demo import demo as run_demo

    result = run_async(run_demo(config=config or CONFIG, users=users, candidates=candidates, seed=seed, out=out))
    return _code(result)


@app.command
def replay(
    folder: Annotated[Path, Parameter(help="The folder of a recorded run, with published.json and responses.jsonl.")],
    /,
    *,
    matcher: Annotated[Literal["authors", "default"], Parameter(help="Whose rules: the authors' or ours.")] = "default",
    duplicates: Annotated[
        Literal["keep", "drop"] | None,
        Parameter(help="Whether a repeated item counts again; default: the authors' rule with their matcher, else no."),
    ] = None,
    k: Annotated[int | None, Parameter(name=["-k", "--k"], help="Cut-off; default: the run's, or 10.")] = None,
    json_: Figures = None,
    lists: Annotated[Path | None, Parameter(help="Write what was read and matched here, a user a line.")] = None,
) -> int:
    """Read, match and score recorded answers again, without a model.

    `evals replay recorded/run --matcher authors --json figures.json`
    """
    from .replay import replay as run_replay

    figures = run_replay(folder, matcher=matcher, duplicates=duplicates, k=k, lists_path=lists)
    for warning in figures["warnings"]:
        say(f"warning: {warning}")
    write_figures(figures, json_ or STANDARD_OUTPUT)
    return 0


@app.command
def compare(
    *runs: Annotated[Path, Parameter(help="Finished run folders.")],
    metrics: Annotated[tuple[str, ...], Parameter(help="Metrics; default: those of the first run.")] = (),
    seed: Annotated[int, Parameter(help="Seed of bootstrap and permutations.", validator=FROM_0)] = 2026,
    json_: Figures = None,
) -> int:
    """Compare the systems of several runs over the same users: differences, intervals and corrected p-values.

    `evals compare runs/mine runs/yours`
    """
    from .compare import compare as compare_runs
    from .table import print_comparison

    if not runs:
        raise SpecError("Give the run folders to compare.")
    found = compare_runs(runs, metrics=metrics, seed=seed)
    if not write_figures(found, json_):
        print_comparison(found)
    return 0


@app.command
def export(
    folder: Annotated[Path, Parameter(help="A finished run folder.")],
    /,
    *,
    format_: Annotated[
        Literal["trec", "qrels", "csv", "parquet", "json", "latex"], Parameter(name="--format", help="Format.")
    ],
    out: Annotated[Path, Parameter(help="The file; it is replaced.")],
    what: Annotated[
        Literal["results", "users", "rankings"] | None, Parameter(help="What csv, parquet and json hold: results.")
    ] = None,
    system: Annotated[str | None, Parameter(help="The system of a TREC run, where there are several.")] = None,
) -> int:
    """Write a run as TREC run or qrels, CSV, Parquet, JSON, or as a LaTeX table.

    `evals export runs/mine --format trec --system films --out films.run`
    """
    from .export import export as export_run

    export_run(folder, format=format_, out=out, what=what, system=system)
    say(f"{out}")
    return 0


@app.command
def report(
    *folders: Annotated[Path, Parameter(help="Run folders.")],
    out: Annotated[Path | None, Parameter(help="The page of several runs; default: comparison.html.")] = None,
) -> int:
    """Write a run's HTML page, or one page of several runs over the same users.

    `evals report runs/mine`

    `evals report runs/mine runs/yours --out comparison.html`
    """
    from .report import write_comparison, write_report

    if not folders:
        raise SpecError("Give a run folder, or several.")
    if len(folders) == 1:
        if out is not None:
            raise SpecError("The page of one run stands in its folder; --out goes with several.")
        say(f"{write_report(folders[0])}")
    else:
        say(f"{write_comparison(folders, out or Path('comparison.html'))}")
    return 0


def _finish(result: Any, json_: Path | None) -> int:
    from .report import write_report
    from .table import print_results

    page = write_report(result.folder)
    places = f"run folder: {result.folder}\npage:       {page}"
    if write_figures(result.document, json_):
        say(places)
    else:
        print_results(result.document)
        sys.stdout.write(f"\n{places}\n")
    return _code(result)


def _code(result: Any) -> int:
    for name, error in result.stopped.items():
        say(f"error: {name}: {error}")
    lost = [name for name, users in result.usable.items() if not users]
    if lost:
        say(f"Not one answer of {', '.join(lost)} could be used; the run folder has every answer and the reasons.")
    return 1 if lost or result.stopped else 0
