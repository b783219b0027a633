"""records/split.py: sides and folds by a hash of the source alone."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from records.split import RULE, Split, fold_of, hash_fraction, source_of, source_of_picture, split_of

SOURCES = [f"AFW_{number}" for number in range(600)]


def test_the_hash_is_that_of_the_text_everywhere():
    digest = hashlib.sha256(b"AFW_1").hexdigest()
    assert hash_fraction("AFW_1") == pytest.approx(int(digest[:16], 16) / 2**64, rel=1e-12)
    assert hash_fraction("AFW_1051618982") == 0.6401450657655428 and hash_fraction("\u00e9") == 0.2914021905164211


@pytest.mark.parametrize("k", [2, 10])
def test_folds_share_the_sources_out(k, monkeypatch):
    folds = np.array([fold_of(source, k) for source in SOURCES])
    fractions = np.array([hash_fraction(source) for source in SOURCES])
    np.testing.assert_array_equal(folds, np.floor(fractions * k))
    assert np.bincount(folds, minlength=k).min() > 0.6 * len(SOURCES) / k
    np.testing.assert_array_equal(folds == 0, [split_of(source, 1 / k) == "test" for source in SOURCES])
    monkeypatch.setattr("records.split.hash_fraction", lambda text: 1.0)
    assert fold_of("any", k) == k - 1  # the largest hash


def test_other_fractions_rules_and_numbers_of_folds_are_refused():
    for k in (1, -3):
        with pytest.raises(ValueError, match=f"folds: found {k}, expected at least 2"):
            fold_of("AFW_1", k)
    for fraction in (-0.1, 1, float("nan")):
        with pytest.raises(ValueError, match=f"test fraction: found {fraction}"):
            Split(fraction)
    with pytest.raises(ValueError, match=f"found rule {RULE + 1}, expected {RULE}"):
        Split(0.1, RULE + 1).side_of("a")


# subset, name, source, and the side at a test fraction of 0.4, as literals: they must never change
@pytest.mark.parametrize(
    "subset, name, source, side",
    [
        ("AFW", "AFW_1051618982_1_0", "AFW_1051618982", "train"),
        ("AFW_Flip", "AFW_1051618982_1_0", "AFW_1051618982", "train"),
        ("HELEN", "HELEN_232194_1_0", "HELEN_232194", "train"),
        ("LFPW", "LFPW_image_train_0001_0", "LFPW_image_train_0001", "test"),
        ("LFPW_Flip", "LFPW_image_train_0001_3", "LFPW_image_train_0001", "test"),
        ("YTF", "YTF_Aaron_Eckhart_123_0", "YTF_Aaron_Eckhart", "train"),
        ("DRAWN", "DRAWN_0004_1_3", "DRAWN_0004", "train"),
        ("OTHER", "someone", "someone", "test"),
    ],
)
def test_the_source_of_a_name_in_300w_lp(subset, name, source, side):
    assert source_of(name) == source_of_picture(Path("set", subset, f"{name}.jpg")) == source
    assert Split(0.4).side_of(source) == side


@pytest.mark.parametrize(
    "path, source",
    [
        ("afw/134212_2_mirror", "AFW_134212"),
        ("helen/trainset/100032540_1", "HELEN_100032540"),
        ("lfpw/testset/image_0001", "LFPW_image_test_0001"),
        ("LFPW/trainset/pictures/image_0871_mirror", "LFPW_image_train_0871"),
        ("ibug/image_004 _1", "IBUG_image_004"),
        ("mine/AFW_134212_1_3_mirror", "AFW_134212"),
        ("HELEN_Flip/HELEN_100032540_1_0", "HELEN_100032540"),
        ("01_Indoor/indoor_001", "indoor_001"),
        ("mine/12_1", "12_1"),
        ("other/12_1_Flip_mirror", "12_1"),
        ("_mirror", "_mirror"),
    ],
)
def test_the_source_of_a_picture_is_that_of_its_photo(path, source, tmp_path, monkeypatch):
    assert source_of_picture(Path("set", f"{path}.png")) == source
    monkeypatch.chdir("/")
    assert source_of_picture(tmp_path / "x" / ".." / f"{path}.jpg") == source
