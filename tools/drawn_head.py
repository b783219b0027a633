"""A drawn 3-D head: shape, painted skin and hair, light, and the 68 iBUG points attached to its surface.

Head coordinates are millimetres, origin in the middle of the head at the height of the nose's tip: x to the right of
the picture, y up, z out of the face towards the viewer. A `Pose` takes them to the picture by the formula of 300W-LP
(Zhu et al., Face Alignment Across Large Poses, CVPR 2016; confirmed on the genuine files to 0.001 px)::

    p = scale * Rx(pitch) @ Ry(yaw) @ Rz(roll) @ point + (tx, ty, tz);   pixel = (p.x, 451 - p.y)   [450 px high]

with these signs: yaw > 0 moves the nose to the picture's left, pitch > 0 raises it, roll > 0 turns the head clockwise as
seen. Pixels are 0-based with their centres at whole numbers. Everything random comes from the generator handed in.
"""
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

PICTURE_SIDE = 450
ROWS, COLS = 88, 112  # the skin's grid: about 2.5 mm, 3 px, a cell on the face
TEXELS_PER_MM = 2.5
SKIN_LEFT, SKIN_TOP, SKIN_WIDTH, SKIN_HEIGHT = -80.0, 146.0, 160.0, 272.0  # what of the x-y plane is painted, in mm
PATCH = 256  # side of the square textures of hair and ear, right of the skin in the atlas
JAW, BROWS, NOSE, EYES, LIPS = slice(0, 17), slice(17, 27), slice(27, 36), slice(36, 48), slice(48, 68)

# Outline of the head as seen from the front, crown to chin, with the depth of its horizontal sections (all in mm):
# half width, height, then z of the middle line in front (no nose, no lips), of the widest place, of the back.
OUTLINE = np.array([
    (1, 140, 8, 0, -10), (42, 131, 62, 0, -62), (66, 108, 92, 2, -88), (75, 76, 105, 7, -100), (74.5, 46, 107, 14, -98),
    (71.5, 18, 106, 20, -86), (70, -1, 109, 22, -72), (67, -19, 110, 24, -60), (63.5, -35, 106, 28, -42),
    (57.5, -53, 102, 36, -15), (48.5, -67, 100, 50, 20), (37, -77, 98, 68, 50), (21, -84.5, 95, 84, 76), (1, -88, 91, 90, 89),
], np.float64)
CHIN_ROW = OUTLINE.shape[0] - 1
JAW_KNOTS = np.arange(5, CHIN_ROW + 1)  # the knots where jaw points 0 to 8 sit

SKIN_TONES = np.array([(246, 217, 200), (236, 196, 172), (222, 175, 144), (198, 146, 112), (160, 108, 76), (112, 74, 54),
                       (76, 50, 40)], np.float64)
HAIR_COLOURS = np.array([(28, 24, 22), (45, 32, 25), (84, 56, 36), (130, 90, 52), (196, 158, 98), (226, 200, 150),
                         (134, 62, 32), (150, 148, 146), (222, 220, 216)], np.float64)
IRIS_COLOURS = np.array([(62, 40, 26), (84, 56, 32), (104, 84, 48), (84, 104, 78), (82, 112, 140), (120, 140, 152)], np.float64)
HAIR_STYLES = ("bald", "buzz", "short", "short", "fringe", "receding", "long", "long", "afro")


# --- pose and projection ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pose:
    """Where a head stands: angles in radians, tx and ty in pixels (ty from the bottom), scale in pixels per mm."""

    pitch: float
    yaw: float
    roll: float
    tx: float
    ty: float
    scale: float
    picture_height: int = PICTURE_SIDE

    def rotation(self):
        """The float64 (3, 3) rotation Rx(pitch) @ Ry(yaw) @ Rz(roll) of 300W-LP."""
        return rotation(self.pitch, self.yaw, self.roll)

    def to_pixels(self, turned):
        """Pixels, float64 (N, 2), of points (N, 3) in mm that are turned already."""
        flat = turned[:, :2] * self.scale + (self.tx, self.ty)
        return np.column_stack([flat[:, 0], self.picture_height + 1 - flat[:, 1]])

    def project(self, points):
        """Pixels, float64 (N, 2), of points (N, 3) in head coordinates (mm)."""
        return self.to_pixels(points @ self.rotation().T)

    def pose_para(self):
        """`Pose_Para` as published: float32 (1, 7) pitch, yaw, roll, tx, ty, tz, scale (for points in micrometres)."""
        tz = -60.0 * self.scale
        return np.array([[self.pitch, self.yaw, self.roll, self.tx, self.ty, tz, self.scale / 1000]], np.float32)


def rotation(pitch, yaw, roll):
    """Rotation matrix, float64 (3, 3), of angles in radians with 300W-LP's signs and order (its RotationMatrix.m)."""
    (cp, cy, cr), (sp, sy, sr) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


# --- who it is and what the face does ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Person:
    """Everything that tells one drawn face from another; lengths in mm, colours as RGB 0..255."""

    outline: np.ndarray
    eye: dict
    brow: dict
    nose: dict
    mouth: dict
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    lips: np.ndarray
    style: str
    hairline: float
    beard: float
    moustache: float
    glasses: str
    age: float
    parting: float
    cloth: np.ndarray = field(repr=False, default=None)


def draw_person(rng):
    """A random person with a random expression."""
    woman = rng.random() < 0.5
    drop = rng.choice([0.0, rng.uniform(1, 7), rng.uniform(8, 24)], p=[0.5, 0.25, 0.25])
    skin = _between(SKIN_TONES, rng.uniform(0, len(SKIN_TONES) - 1)) + rng.normal(0, 4, 3)
    dark = rng.random() < 0.35 + 0.5 * (skin.mean() < 140)
    hair = _between(HAIR_COLOURS, rng.uniform(0, 1.6) if dark else rng.uniform(0, len(HAIR_COLOURS) - 1))
    style = str(rng.choice(HAIR_STYLES[3:] if woman else HAIR_STYLES[:7]))
    rouge = rng.random() < (0.4 if woman else 0.02)
    natural = skin * (0.80, 0.62, 0.62)
    paint = np.array([rng.uniform(120, 190), rng.uniform(20, 60), rng.uniform(40, 80)])
    hairy = 0.0 if woman else float(rng.choice([0, rng.uniform(0.15, 0.5), rng.uniform(0.6, 1)], p=[0.45, 0.3, 0.25]))
    return Person(
        outline=_random_outline(rng, woman, drop), eye=_random_eyes(rng), brow=_random_brows(rng, woman),
        nose=_random_nose(rng), mouth=_random_mouth(rng, drop), skin=np.clip(skin, 20, 250), hair=hair,
        iris=_between(IRIS_COLOURS, rng.uniform(0, 1.5 if skin.mean() < 150 else 5)), lips=paint if rouge else natural,
        style=style, hairline=float(rng.normal(86, 4)), beard=hairy, moustache=hairy * float(rng.random() < 0.85),
        glasses=str(rng.choice(["none", "thin", "thick", "dark"], p=[0.74, 0.12, 0.10, 0.04])),
        age=float(rng.beta(1.2, 2)), parting=float(rng.uniform(-0.6, 0.6)), cloth=rng.uniform(20, 235, 3))


def _between(table, position):
    """Row `position` of a table of colours, with linear steps between rows."""
    low = min(int(position), len(table) - 2)
    return table[low] + (position - low) * (table[low + 1] - table[low])


def _random_outline(rng, woman, drop):
    """OUTLINE with a random build and a jaw let down by `drop` mm."""
    outline = OUTLINE.copy()
    height, below = outline[:, 1], _smooth(-8, -60, OUTLINE[:, 1])
    above = _smooth(20, 110, OUTLINE[:, 1])
    jaw = np.exp(-((OUTLINE[:, 1] + 60) / 28) ** 2)
    outline[:, 0] *= rng.normal(0.97 if woman else 1.0, 0.03) * (1 + rng.normal(-0.04 if woman else 0.02, 0.06) * jaw)
    outline[:, 1] = height + below * rng.normal(0, 4.5) + above * rng.normal(0, 5) - below * drop
    outline[:, 2:] += (rng.normal(0, 2.5) * below - 0.35 * drop * below)[:, None]
    outline[:, 2] += rng.normal(0, 2) * above
    return outline


def _random_eyes(rng):
    closed = rng.random() < 0.08
    opening = rng.uniform(0.0, 0.12) if closed else np.clip(rng.normal(1.0, 0.18), 0.45, 1.45)
    return {"x": rng.normal(31, 1.2), "y": rng.normal(25, 1.2), "half": rng.normal(13.2, 0.7), "up": 5.2 * opening,
            "low": 3.6 * (0.5 + 0.5 * opening), "slant": rng.normal(0.6, 1.0), "closed": closed,
            "gaze": (rng.normal(0, 1.6), rng.normal(0, 0.6))}


def _random_brows(rng, woman):
    return {"lift": rng.normal(0, 2.2), "arch": rng.normal(3.0 if woman else 2.0, 1.0), "tilt": rng.normal(0, 1.5),
            "thick": rng.uniform(3.0, 4.6) if woman else rng.uniform(4.4, 6.8), "density": rng.uniform(0.45, 1.0)}


def _random_nose(rng):
    return {"length": rng.normal(32, 1.8), "wing": rng.normal(14.0, 1.5), "height": rng.normal(1.0, 0.10),
            "hook": rng.normal(0, 1.2), "width": rng.normal(1.0, 0.10)}


def _random_mouth(rng, drop):
    smile = float(np.clip(rng.normal(0.25, 0.45), -0.5, 1.2))
    return {"y": rng.normal(-38, 1.5), "half": rng.normal(25.5, 1.8) + 4 * max(smile, 0) - 0.16 * drop,
            "upper": rng.uniform(5.0, 8.5), "lower": rng.uniform(7.0, 11.0), "smile": smile,
            "gap": 0.85 * drop + max(0, smile - 0.5) * 5, "teeth": smile > 0.1 or rng.random() < 0.5}


def _smooth(start, end, values):
    """Smooth step: 0 at `start`, 1 at `end` (either may be the larger)."""
    t = np.clip((np.asarray(values, np.float64) - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


# --- the 68 points in the x-y plane -----------------------------------------------------------------------------------
def plane_points(person):
    """The iBUG points 17 to 67 as seen from straight ahead: float64 (68, 2) in mm; the jaw (0 to 16) is NaN."""
    points = np.full((68, 2), np.nan)
    points[BROWS], points[NOSE] = _brow_points(person), _nose_points(person)
    points[EYES], points[LIPS] = _eye_points(person.eye), _lip_points(person.mouth)
    return points


def _mirror(points):
    return points * (-1, 1)


def _brow_points(person):
    """Points 17 to 26: along the upper edge of the brows' middle line, outer end first on the picture's left."""
    brow, along = person.brow, np.linspace(1, 0, 5)  # 1 = outer end
    x = person.eye["x"] - 14 + 38 * along
    y = person.eye["y"] + 18.5 + brow["lift"] + brow["arch"] * (1 - ((along - 0.4) / 0.6) ** 2) + brow["tilt"] * along
    left = np.column_stack([-x, y - 2.5 * along ** 3])
    return np.concatenate([left, _mirror(left)[::-1]])


def _nose_points(person):
    nose, top = person.nose, person.eye["y"]
    tip = top - nose["length"]
    bridge = [(0, top - nose["length"] * part) for part in (0.0, 0.34, 0.72, 1.0)]
    under = [(nose["wing"] * x, tip - y) for x, y in ((-0.92, 9.0), (-0.48, 11.0), (0, 12.0), (0.48, 11.0), (0.92, 9.0))]
    return np.array(bridge + under)


def eyelid(eye, place, upper):
    """Lid of the eye at the picture's right: float64 (N, 2) in mm at places -1 (inner corner) to 1 (outer corner)."""
    place = np.asarray(place, np.float64)
    bulge = eye["up"] * (1 - np.abs(place) ** 2.3) if upper else -eye["low"] * (1 - place ** 2)
    return np.column_stack([eye["x"] + eye["half"] * place, eye["y"] + eye["slant"] * place + bulge])


def _eye_points(eye):
    upper, lower = eyelid(eye, [-1, -0.38, 0.36, 1], True), eyelid(eye, [0.36, -0.38], False)
    left = np.concatenate([upper, lower])  # 42 to 47: inner, upper two, outer, lower two
    return np.concatenate([_mirror(left)[[3, 2, 1, 0, 5, 4]], left])


def _lip_points(mouth):
    """Points 48 to 67; `gap` opens the mouth by letting the lower lip down."""
    half, y, gap, smile = mouth["half"], mouth["y"], mouth["gap"], mouth["smile"]
    corner = y + 2.6 * smile - 0.35 * gap
    top, bottom, low = mouth["upper"], mouth["lower"], y - gap
    outer = [(-half, corner), (-0.62 * half, y + 0.62 * top + 0.6 * smile), (-0.22 * half, y + top), (0, y + 0.80 * top),
             (0.22 * half, y + top), (0.62 * half, y + 0.62 * top + 0.6 * smile), (half, corner),
             (0.64 * half, low - 0.66 * bottom + 0.3 * gap), (0.30 * half, low - 0.95 * bottom), (0, low - bottom)]
    outer += [(-x, v) for x, v in outer[8:6:-1]]
    upper = [(-0.86 * half, corner), (-0.30 * half, y + 0.3), (0, y - 0.5), (0.30 * half, y + 0.3), (0.86 * half, corner)]
    lower = [(0.30 * half, low - 0.6), (0, low - 1.1), (-0.30 * half, low - 0.6)]
    return np.array(outer + upper + lower)


def curve(points, count=40):
    """`count` points, float64 (count, 2), of a smooth curve through points whose x rises or falls all the way."""
    points = points if points[0, 0] < points[-1, 0] else points[::-1]
    x = np.linspace(points[0, 0], points[-1, 0], count)
    return np.column_stack([x, PchipInterpolator(points[:, 0], points[:, 1])(x)])


def ring(upper, lower):
    """Closed outline, float64 (N, 2), between two curves that run left to right."""
    return np.concatenate([upper, lower[::-1]])


# --- shape ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mesh:
    """Triangles with what shading needs: vertices and normals (V, 3), uv (V, 2) in texels, triangles (T, 3).

    `dim` (V,) scales the light, `gloss` (V,) the highlight, `follow` (V,) is 1 where a vertex moves with the body and 0
    where with the head, `open_sheet` (T,) marks triangles seen from both sides.
    """

    vertices: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    dim: np.ndarray
    gloss: np.ndarray
    follow: np.ndarray
    open_sheet: np.ndarray


def sections(person, rows=ROWS):
    """Half width, height, front, middle and back of the horizontal sections: float64 (rows, 5) in mm, crown to chin."""
    knots = np.arange(len(OUTLINE), dtype=np.float64)
    dense = np.interp(np.linspace(0, 1, rows), [0, 0.16, 0.32, 1], [0, 2.5, 4.2, CHIN_ROW])  # fewer rows under the hair
    return CubicSpline(knots, person.outline)(dense), dense


def columns(count=COLS):
    """Angles around the head, float64 (count,), -pi to pi with 0 in front, closer together in front."""
    u = np.linspace(-1, 1, count)
    return np.pi * (0.60 * u + 0.40 * u ** 3)


def round_surface(cut, angles):
    """The head without features: float64 (rows, columns, 3) from sections (rows, 5) and angles (columns,)."""
    sine, cosine = np.sin(angles)[None], np.cos(angles)[None]
    half, height, front, middle, back = (cut[:, k:k + 1] for k in range(5))
    z = middle + np.where(cosine > 0, front - middle, middle - back) * cosine
    return np.stack([half * sine, np.broadcast_to(height, z.shape), z], axis=-1)


def relief(person, x, y):
    """How far the features stand out of the round head: mm along z at places x, y (mm) of the front, same shape."""
    eye, mouth = person.eye, person.mouth
    side = np.abs(x)
    total = _nose_relief(person, x, y)
    for height, cx, cy, wx, wy in (
            (-7.5, eye["x"] - 3, eye["y"] + 2, 15, 9), (-4.0, 15, eye["y"] + 1, 6, 8), (4.5, eye["x"], eye["y"], 10, 7),
            (3.5, 27, eye["y"] + 21, 19, 6), (3.0 + 2 * max(mouth["smile"], 0), 44, eye["y"] - 30, 15, 13),
            (-2.0, 58, 58, 12, 18), (-1.5 - 1.5 * max(mouth["smile"], 0), 32, mouth["y"] + 10, 5, 14)):
        total = total + height * _bump(side, y, cx, cy, wx, wy)
    return total + _mouth_relief(person, x, y)


def _bump(x, y, cx, cy, wx, wy):
    return np.exp(-0.5 * (((x - cx) / wx) ** 2 + ((y - cy) / wy) ** 2))


def _nose_relief(person, x, y):
    nose, top = person.nose, person.eye["y"]
    tip = top - nose["length"]
    heights = [top + 16, top + 8, top, top - 0.34 * nose["length"], top - 0.72 * nose["length"], tip + 1, tip - 4, tip - 8,
               tip - 11.5, tip - 15]
    ridge = np.array([0, 2.5, 6, 13 + nose["hook"], 19 + nose["hook"], 22, 20.5, 14, 5, 0]) * nose["height"]
    width = nose["width"] * np.interp(y, [tip - 10, tip, top], [8.5, 7.2, 5.2])
    spline = PchipInterpolator(heights[::-1], ridge[::-1])
    body = np.where((y < heights[0]) & (y > heights[-1]), spline(np.clip(y, heights[-1], heights[0])), 0)
    wing = 8.5 * _bump(np.abs(x), y, 0.80 * nose["wing"], tip - 4.5, 4.2, 4.0)
    return body * np.exp(-0.5 * (x / width) ** 2) + wing


def _mouth_relief(person, x, y):
    mouth = person.mouth
    gap, low = mouth["gap"], mouth["y"] - mouth["gap"]
    spread = 0.55 * mouth["half"]
    upper = 3.2 * _bump(x, y, 0, mouth["y"] + 0.5 * mouth["upper"], spread, 0.5 * mouth["upper"])
    lower = 4.0 * _bump(x, y, 0, low - 0.5 * mouth["lower"], spread, 0.45 * mouth["lower"])
    line = -2.0 * _bump(x, y, 0, mouth["y"] - 0.5 * gap, 0.75 * mouth["half"], 1.3 + 0.30 * gap) * (1 + 0.35 * gap)
    fold = -3.0 * _bump(x, y, 0, low - mouth["lower"] - 5, 16, 5)
    chin = 4.0 * _bump(x, y, 0, person.outline[CHIN_ROW, 1] + 15, 13, 9)
    return upper + lower + line + fold + chin


def skin_grid(person):
    """The head's surface with features: float64 (ROWS, COLS, 3), and where its knots are, float64 (ROWS,)."""
    cut, dense = sections(person)
    angles = columns()
    grid = round_surface(cut, angles)
    facing = np.clip(np.cos(angles) / 0.35, 0, 1)[None]
    grid[..., 2] += relief(person, grid[..., 0], grid[..., 1]) * facing
    return grid, dense


def grid_normals(grid):
    """Unit normals pointing out, float64 (rows, columns, 3), of a grid whose columns run left to right as seen."""
    down, right = np.gradient(grid, axis=0), np.gradient(grid, axis=1)
    normals = np.cross(down, right)
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)


def grid_triangles(rows, cols):
    """Two triangles a cell, int32 (2 * (rows-1) * (cols-1), 3), turned so that cross products point out."""
    corner = (np.arange(rows - 1)[:, None] * cols + np.arange(cols - 1)[None]).ravel()
    first = np.column_stack([corner, corner + cols, corner + 1])
    second = np.column_stack([corner + 1, corner + cols, corner + cols + 1])
    return np.stack([first, second], axis=1).reshape(-1, 3).astype(np.int32)


def on_grid(grid, row, col):
    """Points, float64 (N, 3), of the triangles of a grid at fractional rows and columns (N,)."""
    i = np.clip(np.floor(row).astype(int), 0, grid.shape[0] - 2)
    j = np.clip(np.floor(col).astype(int), 0, grid.shape[1] - 2)
    a, b = (row - i)[:, None], (col - j)[:, None]
    first = (1 - a - b) * grid[i, j] + a * grid[i + 1, j] + b * grid[i, j + 1]
    second = (1 - b) * grid[i + 1, j] + (1 - a) * grid[i, j + 1] + (a + b - 1) * grid[i + 1, j + 1]
    return np.where(a + b <= 1, first, second)


def find_on_grid(person, points):
    """Fractional rows and columns, float64 (N,) each, of the places of the face at x, y (N, 2) in mm."""
    cut, _ = sections(person)
    row = np.interp(-points[:, 1], -cut[:, 1], np.arange(ROWS))
    half = np.interp(row, np.arange(ROWS), cut[:, 0])
    angle = np.arcsin(np.clip(points[:, 0] / half, -1, 1))
    return row, np.interp(angle, columns(), np.arange(COLS))


# --- attaching the points ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Head:
    """A head ready to be drawn in any pose; see `make_head`."""

    person: Person
    points: np.ndarray
    jaw_paths: np.ndarray
    jaw_normals: np.ndarray
    mesh: Mesh
    atlas: np.ndarray
    skin_triangles: int
    frames: list

    def points_3d(self, pose):
        """The 68 points projected as they are attached: float64 (68, 2), pixels."""
        return pose.project(self.points)

    def points_2d(self, pose):
        """As `points_3d`, but jaw points (0 to 16) that are turned away slide to the visible contour."""
        points = self.points.copy()
        points[JAW] = self._visible_jaw(pose)
        return pose.project(points)

    def _visible_jaw(self, pose):
        """Each jaw point, float64 (17, 3), moved along its path into the face to the first place that is seen."""
        towards = self.jaw_normals @ pose.rotation()[2]
        seen = towards >= 0
        after = np.where(seen.any(axis=1), seen.argmax(axis=1), 0)
        before, rows = np.maximum(after - 1, 0), np.arange(17)
        low, high = towards[rows, before], towards[rows, after]
        part = np.where(after > 0, low / np.minimum(low - high, -1e-9), 0)[:, None]
        return (1 - part) * self.jaw_paths[rows, before] + part * self.jaw_paths[rows, after]


def jaw_paths(person, dense, steps=48):
    """Where jaw points may slide: positions and normals, float64 (17, steps, 3), from the jaw into the face.

    The round head without nose, eyes and lips is taken: the contour of the cheek is wanted, not that of a nostril.
    """
    cut, angles = sections(person)[0], columns()
    plain = round_surface(cut, angles)
    normals = grid_normals(plain)
    knots = np.concatenate([JAW_KNOTS, JAW_KNOTS[-2::-1]]).astype(np.float64)
    side = np.sign(np.arange(17) - 8.0)
    start = np.interp(knots, dense, np.arange(ROWS))
    mouth_row = np.interp(-person.mouth["y"], -cut[:, 1], np.arange(ROWS))
    inward = np.minimum(start, start + 0.35 * (mouth_row - start))
    along = np.linspace(0, 1, steps)[None] ** 1.3
    row = start[:, None] + along * (inward - start)[:, None]
    col = np.interp(side[:, None] * np.pi / 2 * (1 - along), angles, np.arange(COLS))
    flat = [on_grid(source, row.ravel(), col.ravel()).reshape(17, steps, 3) for source in (plain, normals)]
    return flat[0], flat[1]


def attach_points(person, grid, jaw):
    """The 68 points on the surface: float64 (68, 3) in mm; `jaw` (17, 3) are the first points of the jaw's paths."""
    plane = plane_points(person)
    points = np.empty((68, 3))
    row, col = find_on_grid(person, plane[17:])
    points[17:] = on_grid(grid, row, col)
    points[JAW] = jaw
    return points
