"""What a run that has ended leaves to look at in its folder: `report.md`, with plots of faces, curves and answers.

The curves are read from the run's own TensorBoard events. Needs matplotlib.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from infer.files.atomic import write_atomically, write_text_atomically
from net.data.batches import test_batches
from net.data.record_set import VALIDATION, RecordSet
from net.landmarks.evaluation import nme_in_words
from net.model.losses import PIXELS, point_loss
from net.model.senet import senet
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint, restorer
from net.run.folder import ANSWERS, CURVES, FACES, Best, RunFolder
from net.run.reporter import step_in_words
from records import metrics
from records.drawing import draw_answer, sheet
from records.landmarks import Scheme
from records.runtime import tf, v1

SHOWN, ANSWERED = 24, 6  # training faces, and held-out ones with answers
BATCH, MOST = 100, 2000  # of each split the table counts so many faces at most
SPLITS = ("train", VALIDATION, "test")
COLUMNS = ["NME, %", "NME by box, %", "loss on the points", "MAE, px of the 128 crop"]
COLUMNS += ["MAE, px of the picture", "RMSE, the same"]
COLOURS = ("#4c9be8", "#e8894c")


def write(run: RunFolder, records: RecordSet, shape: Shape, loss: str) -> None:
    """Writes the report of a run from its best checkpoint (its last where none is best) and its events.

    loss: name of the one on the points. Raises FileNotFoundError where the run has no checkpoint.
    """
    answers = answers_of(run, records, shape)
    rows = {split: row_of(found, loss, shape) | nme_of(found, records.scheme) for split, found in answers.items()}
    faces = shown(answers["train"], SHOWN, answered=False)
    answered = shown(next(reversed(answers.values())), ANSWERED)
    write_faces(run.path / FACES, [draw_answer(*one) for one in faces], columns=6)
    write_faces(run.path / ANSWERS, [draw_answer(*one) for one in answered], columns=3)
    write_atomically(run.path / CURVES, _png(plot_curves(read_scalars(run), records.judge)))
    write_text_atomically(run.page, page(rows, records, list(answers)[-1], run.best()))


def answers_of(run: RunFolder, records: RecordSet, shape: Shape) -> dict[str, dict[str, np.ndarray]]:
    """Of each split that has records the first `MOST`: label, predicted [N, 2K], side [N]; image of the first batch."""
    checkpoint = best_checkpoint(run)
    with v1.Graph().as_default():
        parts = {split: _batches(records, split) for split in SPLITS if records.count(split)}
        kinds = v1.data.get_output_types(parts["train"]), v1.data.get_output_shapes(parts["train"])
        iterator = v1.data.Iterator.from_structure(*kinds)
        starts = {split: iterator.make_initializer(batches) for split, batches in parts.items()}
        batch = iterator.get_next()
        batch["predicted"] = senet(batch["image"], shape, is_training=False).landmarks
        saver = restorer(checkpoint)
        with v1.Session() as session:
            saver.restore(session, checkpoint)
            return {split: _run_through(session, start, batch) for split, start in starts.items()}


def _batches(records: RecordSet, split: str) -> tf.data.Dataset:
    names = ("image", "label", "side")
    batches = test_batches(records, BATCH, split).take(MOST // BATCH)
    return batches.map(lambda batch: {name: batch[name] for name in names})


def _run_through(session: v1.Session, start: tf.Operation, batch: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    session.run(start)
    wanted = {name: batch[name] for name in ("label", "predicted", "side")}
    parts = [session.run({**wanted, "image": batch["image"]})]
    while True:
        try:
            parts.append(session.run(wanted))
        except tf.errors.OutOfRangeError:
            return {
                **{name: np.concatenate([part[name] for part in parts]) for name in wanted},
                "image": parts[0]["image"],
            }


def row_of(answers: dict[str, np.ndarray], loss: str, shape: Shape) -> dict[str, float]:
    """A split's row: faces, loss on the points, MAE in pixels of the crop and of the picture, RMSE in those."""
    differences = answers["predicted"].astype(np.float64) - answers["label"]
    known = np.isfinite(differences)
    in_picture = (differences * answers["side"][:, None])[known]
    with tf.init_scope():
        value = point_loss(loss, tf.constant(answers["predicted"]), tf.constant(answers["label"]), shape.label_std)
    return {
        "faces": len(known),
        "loss": float(value),
        "mae": float(PIXELS * np.abs(differences[known]).mean()),
        "mae_picture": float(np.abs(in_picture).mean()),
        "rmse_picture": float(np.sqrt(np.square(in_picture).mean())),
    }


def nme_of(answers: dict[str, np.ndarray], scheme: Scheme) -> dict[str, float]:
    """A split's NME in %, by inter-ocular distance and by box size; NaN where no face has one."""
    predicted, true = (answers[name].reshape(-1, scheme.count, 2) for name in ("predicted", "label"))
    norms = {"nme": "inter_ocular", "nme_box": "box"}
    return {name: 100 * metrics.mean_nme(predicted, true, norm, scheme) for name, norm in norms.items()}


def shown(answers: dict[str, np.ndarray], count: int, answered: bool = True) -> list[tuple]:
    """(image, label, predicted) of the first faces, as `draw_answer` takes them; not answered: without predictions."""
    hidden = np.full_like(answers["predicted"], np.nan)
    predicted = answers["predicted"] if answered else hidden
    return list(zip(answers["image"][:count], answers["label"], predicted, strict=False))


def write_faces(path: Path, tiles: Sequence[np.ndarray], columns: int) -> None:
    """Writes drawn faces uint8 RGB [S, S, 3] as one PNG, so many in a row."""
    picture = cv2.cvtColor(sheet(tiles, columns), cv2.COLOR_RGB2BGR)
    write_atomically(path, cv2.imencode(".png", picture)[1].tobytes())


def read_scalars(run: RunFolder) -> dict[str, dict[int, float]]:
    """All scalars in a run's events: tag -> {step: value}; of a step that was done twice, the later value."""
    found: dict[str, dict[int, float]] = {}
    for path in run.events():
        for event in v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    found.setdefault(value.tag, {})[event.step] = value.simple_value
    return {tag: dict(sorted(values.items())) for tag, values in found.items()}


def plot_curves(scalars: dict[str, dict[int, float]], judge: str) -> Figure:
    """Loss on the points and MAE over the steps: of training batches, augmented, and of the judging records."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    curves = (
        ("loss_points", f"{judge}/loss", "loss on the points"),
        ("mae", f"{judge}/mae", "MAE, px of the 128 crop"),
    )
    for axes, (training, judging, label) in zip(figure.subplots(1, 2), curves, strict=True):
        for tag, name, colour in ((training, "training, augmented", COLOURS[0]), (judging, judge, COLOURS[1])):
            values = scalars.get(tag, {})
            axes.plot(
                list(values), list(values.values()), label=name, color=colour, marker="." if tag == judging else ""
            )
        axes.set(xlabel="step", ylabel=label, yscale="log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.tick_params(which="both", labelsize=8)
        axes.grid(which="both", alpha=0.2)
        axes.legend()
    return figure


def page(rows: dict[str, dict[str, float]], records: RecordSet, answered: str, best: Best | None) -> str:
    """The report as Markdown; best: what training measured of these weights, None where it tested none."""
    lines = [
        f"# {records.scheme.count} points ({records.scheme.name})",
        "",
        f"| {' | '.join(('split', 'faces', *COLUMNS))} |",
        "|" + "---|" * (2 + len(COLUMNS)),
    ]
    for split, row in rows.items():
        nme = " | ".join(f"{row[name]:.2f}" for name in ("nme", "nme_box"))
        numbers = " | ".join(f"{row[name]:.4g}" for name in ("loss", "mae", "mae_picture", "rmse_picture"))
        lines.append(f"| {split} | {row['faces']} | {nme} | {numbers} |")
    chosen = f"The weights are those with the least NME by box on the {records.judge} records" if best else ""
    if best:
        chosen += f", over all of them {nme_in_words(records.judge, best.measures)} at {step_in_words(best.step)}."
    lines += [
        "",
        f"Without augmentation, at most {MOST} faces of each split, over all known coordinates. {chosen}".strip(),
        "",
        f"![loss and MAE]({CURVES})",
        "",
        f"Faces of the split {answered}: true points green, answers red.",
        "",
        f"![answers]({ANSWERS})",
        "",
        "Training faces with their points.",
        "",
        f"![training faces]({FACES})",
    ]
    return "\n".join(lines) + "\n"


def _png(figure: Figure) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    return data.getvalue()
