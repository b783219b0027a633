"""infer/detect/parts.py: which part of a picture wants a closer look, and what is whole in one."""

from infer.detect.own import FIRST
from infer.detect.parts import LOW, part_for_closer, whole_in
from infer.geometry.candidates import candidates_of


def test_the_rule_of_the_closer_look():
    shape, all_of_it = (480, 640), (0, 0, 640, 480)
    large, small = [100, 100, 220, 225], [300, 10, 380, 80]  # a quarter of 480 is 120
    edges = {name: height * 640 / FIRST for name, height in (("low", LOW - 1), ("high", LOW + 1))}
    low, high = ([200, 90, 230, 90 + edge] for edge in edges.values())

    def part(found, *doubtful):
        sure = candidates_of(found, [0.9] * len(found))
        seen = candidates_of([*found, *doubtful], [0.9] * len(found) + [0.2] * len(doubtful))
        return part_for_closer(seen, sure, shape, FIRST, 480)

    assert part([]) == part([small]) == part([small], low) == all_of_it
    assert part([large]) is None and part([large], high) is None and part([small, large]) is None
    assert edges["low"] == 38 and part([large], low) == (200 - 57, 90 - 57, 230 + 57, 128 + 57)
    assert part([large], low, high, [300, 400, 320, 420]) == (143, 33, 350, 450)
    assert part([large], [-9, 470, 11, 490], [630, 470, 650, 490]) == (0, 440, 640, 480)
    assert part([large], [700, 490, 720, 500]) == (639, 460, 640, 480)  # all of it is beyond the picture


def test_what_the_edge_of_a_part_cuts_is_not_whole_but_at_the_edge_of_the_picture():
    part, shape = (0, 40, 100, 130), (130, 200)
    boxes = [[-5, 60, 20, 90], [30, 38, 60, 70], [70, 60, 103, 99], [40, 100, 70, 140]]
    found = candidates_of(boxes, [0.9, 0.8, 0.7, 0.6])
    assert whole_in(found, part, shape).tolist() == [True, False, False, True]
    assert whole_in(found, (0, 0, 200, 130), shape).all() and whole_in(found.chosen([]), part, shape).shape == (0,)
