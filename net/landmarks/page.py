"""What a run that has ended leaves to look at in its folder: `report.md`, with plots of faces, curves and answers.

The curves are read from the run's own TensorBoard events. Needs matplotlib.
"""

from __future__ import annotations

import numpy as np

from infer.files.atomic import write_text_atomically
from net.data.batches import test_batches
from net.data.record_set import VALIDATION, RecordSet
from net.landmarks.evaluation import nme_in_words
from net.model.losses import PIXELS, PointLoss
from net.model.senet import senet
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint, restorer
from net.run.folder import ANSWERS, CURVES, FACES, Best, RunFolder
from net.run.plots import Panel, write_curves, write_sheet
from net.run.reporter import step_in_words
from records import metrics
from records.drawing import draw_answer
from records.landmarks import Scheme
from records.runtime import tf, v1

SHOWN, ANSWERED = 24, 6  # training faces, and held-out ones with answers
BATCH = 100
FEW, MOST = 300, 2000  # faces that the table counts at most: of training ones, which only show how far it overfits
SPLITS = ("train", VALIDATION, "test")
COLUMNS = ["NME, %", "NME by box, %", "loss on the points", "MAE, px of the 128 crop"]
COLUMNS += ["MAE, px of the picture", "RMSE, the same"]


def write(run: RunFolder, records: RecordSet, shape: Shape, on_points: PointLoss) -> None:
    """Writes the report of a run from its best checkpoint (its last where none is best) and its events.

    on_points: the loss on them. Raises FileNotFoundError where the run has no checkpoint.
    """
    answers = answers_of(run, records, shape)
    rows = {split: row_of(found, on_points) | nme_of(found, records.scheme) for split, found in answers.items()}
    faces = shown(answers["train"], SHOWN, answered=False)
    answered = shown(next(reversed(answers.values())), ANSWERED)
    write_sheet(run.path / FACES, [draw_answer(*one) for one in faces], columns=6)
    write_sheet(run.path / ANSWERS, [draw_answer(*one) for one in answered], columns=3)
    write_curves(run, panels(records.judge))
    write_text_atomically(run.page, page(rows, records, list(answers)[-1], run.best()))


def answers_of(run: RunFolder, records: RecordSet, shape: Shape) -> dict[str, dict[str, np.ndarray]]:
    """Of each split the first `FEW` or `MOST` records: label, predicted [N, 2K], side [N]; image of the first batch."""
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
    batches = test_batches(records, BATCH, split).take((FEW if split == "train" else MOST) // BATCH)
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


def row_of(answers: dict[str, np.ndarray], on_points: PointLoss) -> dict[str, float]:
    """A split's row: faces, loss on the points, MAE in pixels of the crop and of the picture, RMSE in those."""
    differences = answers["predicted"].astype(np.float64) - answers["label"]
    known = np.isfinite(differences)
    in_picture = (differences * answers["side"][:, None])[known]
    with tf.init_scope():
        value = on_points(tf.constant(answers["predicted"]), tf.constant(answers["label"]))
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


def panels(judge: str) -> list[Panel]:
    """Loss on the points and MAE over the steps: of training batches, augmented, and of the judging records."""
    training = "training, augmented"
    return [
        Panel("loss on the points", {"loss_points": training, f"{judge}/loss": judge}),
        Panel("MAE, px of the 128 crop", {"mae": training, f"{judge}/mae": judge}),
    ]


def page(rows: dict[str, dict[str, float]], records: RecordSet, answered: str, best: Best | None) -> str:
    """The report as Markdown; best: what training measured of these weights, None where it tested none."""
    lines = [
        f"# {records.scheme.count} points ({records.scheme.name})",
        "",
        f"| {' | '.join(('split', 'faces', *COLUMNS))} |",
        "|" + "---|" * (2 + len(COLUMNS)),
    ]
    for split, row in rows.items():
        nme = " | ".join(f"{row[name]:.2f}" if np.isfinite(row[name]) else "–" for name in ("nme", "nme_box"))
        numbers = " | ".join(f"{row[name]:.4g}" for name in ("loss", "mae", "mae_picture", "rmse_picture"))
        lines.append(f"| {split} | {row['faces']} | {nme} | {numbers} |")
    chosen = f"The weights are those with the least NME by box on the {records.judge} records" if best else ""
    if best:
        chosen += f", over all of them {nme_in_words(records.judge, best.measures)} at {step_in_words(best.step)}."
    most = f"at most {FEW} training faces, {MOST} of each other split"
    lines += [
        "",
        f"Without augmentation, {most}, over all known coordinates. {chosen}".strip(),
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
