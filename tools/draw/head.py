"""A drawn 3-D head: shape, painted skin and hair, light, and the 68 iBUG points attached to its surface.

Head coordinates are millimetres, origin in the middle of the head at the height of the nose's tip: x to the right of
the picture, y up, z out of the face towards the viewer. A `Pose` takes them to the picture by the formula of 300W-LP
(Zhu et al., Face Alignment Across Large Poses, CVPR 2016; confirmed on the genuine files to 0.001 px)::

    p = scale * Rx(pitch) @ Ry(yaw) @ Rz(roll) @ point + (tx, ty, tz);   pixel = (p.x, 451 - p.y)   [450 px high]

with these signs: yaw > 0 moves the nose to the picture's left, pitch > 0 raises it, roll > 0 turns the head clockwise.
Pixels are 0-based with their centres at whole numbers. Everything random comes from the generator handed in.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

PICTURE_SIDE = 450
ROWS, COLS = 78, 100  # the skin's grid: about 3 mm a cell on the face
TEXELS_PER_MM = 2.5
SKIN_LEFT, SKIN_TOP, SKIN_WIDTH, SKIN_HEIGHT = -80.0, 146.0, 160.0, 272.0  # what of the x-y plane is painted, in mm
PATCH = 256  # side of the square textures of hair and ear, right of the skin in the atlas
JAW, BROWS, NOSE, EYES, LIPS = slice(0, 17), slice(17, 27), slice(27, 36), slice(36, 48), slice(48, 68)

# Outline of the head as seen from the front, crown to chin, with the depth of its horizontal sections (all in mm):
# half width, height, then z of the middle line in front (no nose, no lips), of the widest place, of the back.
OUTLINE = np.array(
    [
        (1, 140, 8, 0, -10),
        (42, 131, 62, 0, -62),
        (66, 108, 92, 2, -88),
        (75, 76, 105, 7, -100),
        (74.5, 46, 107, 14, -98),
        (71.5, 18, 106, 20, -92),
        (70, -1, 109, 22, -84),
        (67, -19, 110, 24, -74),
        (63.5, -35, 106, 28, -60),
        (57.5, -53, 102, 36, -30),
        (48.5, -67, 100, 50, 15),
        (37, -77, 98, 68, 50),
        (21, -84.5, 95, 84, 76),
        (1, -88, 91, 90, 89),
    ],
    np.float64,
)
CHIN_ROW = OUTLINE.shape[0] - 1
JAW_KNOTS = np.arange(5, CHIN_ROW + 1)  # the knots where jaw points 0 to 8 sit

SKIN_TONES = np.array(
    [(246, 217, 200), (236, 196, 172), (222, 175, 144), (198, 146, 112), (160, 108, 76), (112, 74, 54), (76, 50, 40)],
    np.float64,
)
HAIR_COLOURS = np.array(
    [
        (28, 24, 22),
        (45, 32, 25),
        (84, 56, 36),
        (130, 90, 52),
        (196, 158, 98),
        (226, 200, 150),
        (134, 62, 32),
        (150, 148, 146),
        (222, 220, 216),
    ],
    np.float64,
)
IRIS_COLOURS = np.array(
    [(62, 40, 26), (84, 56, 32), (104, 84, 48), (84, 104, 78), (82, 112, 140), (120, 140, 152)], np.float64
)
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
    tucked: bool
    cloth: np.ndarray


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
        outline=_random_outline(rng, woman, drop),
        eye=_random_eyes(rng),
        brow=_random_brows(rng, woman),
        nose=_random_nose(rng),
        mouth=_random_mouth(rng, drop),
        skin=np.clip(skin, 20, 250),
        hair=hair,
        iris=_between(IRIS_COLOURS, rng.uniform(0, 1.5 if skin.mean() < 150 else 5)),
        lips=paint if rouge else natural,
        style=style,
        hairline=float(rng.normal(86, 4)),
        beard=hairy,
        moustache=hairy * float(rng.random() < 0.85),
        glasses=str(rng.choice(["none", "thin", "thick", "dark"], p=[0.74, 0.12, 0.10, 0.04])),
        age=float(rng.beta(1.2, 2)),
        parting=float(rng.uniform(-0.6, 0.6)),
        tucked=bool(rng.random() < 0.4),
        cloth=muted(rng),
    )


def _between(table, position):
    """Row `position` of a table of colours, with linear steps between rows."""
    low = min(int(position), len(table) - 2)
    return table[low] + (position - low) * (table[low + 1] - table[low])


def _random_outline(rng, woman, drop):
    """OUTLINE with a random build and a jaw let down by `drop` mm."""
    outline = OUTLINE.copy()
    height, below = outline[:, 1], _smooth(-8, -60, OUTLINE[:, 1])
    above = _smooth(20, 110, OUTLINE[:, 1])
    jaw = np.exp(-(((OUTLINE[:, 1] + 60) / 28) ** 2))
    outline[:, 0] *= rng.normal(0.97 if woman else 1.0, 0.03) * (1 + rng.normal(-0.04 if woman else 0.02, 0.06) * jaw)
    outline[:, 1] = height + below * rng.normal(0, 4.5) + above * rng.normal(0, 5) - below * drop
    outline[:, 2:] += (rng.normal(0, 2.5) * below - 0.35 * drop * below)[:, None]
    outline[:, 2] += rng.normal(0, 2) * above
    return outline


def _random_eyes(rng):
    closed = rng.random() < 0.08
    opening = rng.uniform(0.0, 0.12) if closed else np.clip(rng.normal(1.0, 0.18), 0.45, 1.45)
    return {
        "x": rng.normal(31, 1.2),
        "y": rng.normal(25, 1.2),
        "half": rng.normal(13.2, 0.7),
        "up": 5.2 * opening,
        "low": 3.6 * (0.5 + 0.5 * opening),
        "slant": rng.normal(0.6, 1.0),
        "closed": closed,
        "gaze": (rng.normal(0, 1.6), rng.normal(0, 0.6)),
    }


def _random_brows(rng, woman):
    return {
        "lift": rng.normal(0, 2.2),
        "arch": rng.normal(3.0 if woman else 2.0, 1.0),
        "tilt": rng.normal(0, 1.5),
        "thick": rng.uniform(3.0, 4.6) if woman else rng.uniform(4.4, 6.8),
        "density": rng.uniform(0.45, 1.0),
    }


def _random_nose(rng):
    return {
        "length": rng.normal(32, 1.8),
        "wing": rng.normal(14.0, 1.5),
        "height": rng.normal(1.0, 0.10),
        "hook": rng.normal(0, 1.2),
        "width": rng.normal(1.0, 0.10),
    }


def _random_mouth(rng, drop):
    smile = float(np.clip(rng.normal(0.25, 0.45), -0.5, 1.2))
    return {
        "y": rng.normal(-38, 1.5),
        "half": rng.normal(25.5, 1.8) + 4 * max(smile, 0) - 0.16 * drop,
        "upper": rng.uniform(5.0, 8.5),
        "lower": rng.uniform(7.0, 11.0),
        "smile": smile,
        "gap": 0.85 * drop + max(0, smile - 0.5) * 5,
        "teeth": smile > 0.1 or rng.random() < 0.5,
    }


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
    left = np.column_stack([-x, y - 2.5 * along**3])
    return np.concatenate([left, _mirror(left)[::-1]])


def _nose_points(person):
    nose, top = person.nose, person.eye["y"]
    tip = top - nose["length"]
    bridge = [(0, top - nose["length"] * part) for part in (0.0, 0.34, 0.72, 1.0)]
    under = [
        (nose["wing"] * x, tip - y) for x, y in ((-0.92, 9.0), (-0.48, 11.0), (0, 12.0), (0.48, 11.0), (0.92, 9.0))
    ]
    return np.array(bridge + under)


def eyelid(eye, place, upper):
    """Lid of the eye at the picture's right: float64 (N, 2) in mm at places -1 (inner corner) to 1 (outer corner)."""
    place = np.asarray(place, np.float64)
    bulge = eye["up"] * (1 - np.abs(place) ** 2.3) if upper else -eye["low"] * (1 - place**2)
    return np.column_stack([eye["x"] + eye["half"] * place, eye["y"] + eye["slant"] * place + bulge])


def _eye_points(eye):
    upper, lower = eyelid(eye, [-1, -0.38, 0.36, 1], True), eyelid(eye, [0.36, -0.38], False)
    left = np.concatenate([upper, lower])  # 42 to 47: inner, upper two, outer, lower two
    return np.concatenate([_mirror(left)[[3, 2, 1, 0, 5, 4]], left])


def _lip_points(mouth):
    """Points 48 to 67; `gap` opens the mouth by letting the lower lip down."""
    half, y, gap, smile = mouth["half"], mouth["y"], mouth["gap"], mouth["smile"]
    corner = y + 2.6 * smile - 0.22 * gap
    top, bottom, low = mouth["upper"], mouth["lower"], y - gap
    outer = [
        (-half, corner),
        (-0.62 * half, y + 0.62 * top + 0.6 * smile),
        (-0.22 * half, y + top),
        (0, y + 0.80 * top),
        (0.22 * half, y + top),
        (0.62 * half, y + 0.62 * top + 0.6 * smile),
        (half, corner),
        (0.64 * half, low - 0.66 * bottom + 0.3 * gap),
        (0.30 * half, low - 0.95 * bottom),
        (0, low - bottom),
    ]
    outer += [(-x, v) for x, v in outer[8:6:-1]]
    upper = [
        (-0.86 * half, corner),
        (-0.30 * half, y + 0.3),
        (0, y - 0.5),
        (0.30 * half, y + 0.3),
        (0.86 * half, corner),
    ]
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
    return np.pi * (0.60 * u + 0.40 * u**3)


def round_surface(cut, angles):
    """The head without features: float64 (rows, columns, 3) from sections (rows, 5) and angles (columns,)."""
    sine, cosine = np.sin(angles)[None], np.cos(angles)[None]
    half, height, front, middle, back = (cut[:, k : k + 1] for k in range(5))
    z = middle + np.where(cosine > 0, front - middle, middle - back) * cosine
    return np.stack([half * sine, np.broadcast_to(height, z.shape), z], axis=-1)


def relief(person, x, y):
    """How far the features stand out of the round head: mm along z at places x, y (mm) of the front, same shape."""
    eye, mouth = person.eye, person.mouth
    side = np.abs(x)
    total = _nose_relief(person, x, y)
    for height, cx, cy, wx, wy in (
        (-7.5, eye["x"] - 3, eye["y"] + 2, 15, 9),
        (-4.0, 15, eye["y"] + 1, 6, 8),
        (4.5, eye["x"], eye["y"], 10, 7),
        (3.5, 27, eye["y"] + 21, 19, 6),
        (3.0 + 2 * max(mouth["smile"], 0), 44, eye["y"] - 30, 15, 13),
        (-2.0, 58, 58, 12, 18),
        (-1.5 - 1.5 * max(mouth["smile"], 0), 32, mouth["y"] + 10, 5, 14),
    ):
        total = total + height * _bump(side, y, cx, cy, wx, wy)
    return total + _mouth_relief(person, x, y)


def _bump(x, y, cx, cy, wx, wy):
    return np.exp(-0.5 * (((x - cx) / wx) ** 2 + ((y - cy) / wy) ** 2))


def _nose_relief(person, x, y):
    nose, top = person.nose, person.eye["y"]
    tip = top - nose["length"]
    heights = [
        top + 16,
        top + 8,
        top,
        top - 0.34 * nose["length"],
        top - 0.72 * nose["length"],
        tip + 1,
        tip - 4,
        tip - 8,
        tip - 11.5,
        tip - 15,
    ]
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
    close(grid)
    return grid, dense


def grid_normals(grid):
    """Unit normals pointing out, float64 (rows, columns, 3), of a grid whose columns run left to right as seen."""
    down, right = np.gradient(grid, axis=0), np.gradient(grid, axis=1)
    normals = np.cross(down, right)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    for pole, beside in ((0, 1), (-1, -2)):
        if not normals[pole].any():
            normals[pole] = normals[beside].mean(axis=0)
    return normals


def close(grid):
    """Draw the first row of a grid together to a point, in place: the crown."""
    grid[0] = grid[0].mean(axis=0)


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
        after = np.where(seen.any(axis=1), seen.argmax(axis=1), towards.argmax(axis=1))
        before, rows = np.maximum(after - 1, 0), np.arange(17)
        low, high = towards[rows, before], towards[rows, after]
        part = np.clip(np.where(after > 0, low / np.minimum(low - high, -1e-9), 0), 0, 1)[:, None]
        return (1 - part) * self.jaw_paths[rows, before] + part * self.jaw_paths[rows, after]


def jaw_paths(person, grid, dense, steps=64):
    """Where jaw points may slide: positions and normals, float64 (17, steps, 3), from the jaw into the face."""
    height, angles = grid[:, 0, 1], columns()
    knots = np.concatenate([JAW_KNOTS, JAW_KNOTS[-2::-1]]).astype(np.float64)
    side = np.sign(np.arange(17) - 8.0)
    start = np.interp(knots, dense, np.arange(ROWS))
    mouth_row = np.interp(-person.mouth["y"], -height, np.arange(ROWS))
    inward = np.minimum(start, start + 0.35 * (mouth_row - start))
    along = np.linspace(0, 1, steps)[None] ** 1.3
    row = start[:, None] + along * (inward - start)[:, None]
    angle = side[:, None] * np.pi / 2 * (1 - 1.3 * along)  # past the middle: at 75 degrees the contour can lie there
    col = np.interp(angle, angles, np.arange(COLS))
    flat = [on_grid(source, row.ravel(), col.ravel()).reshape(17, steps, 3) for source in (grid, grid_normals(grid))]
    return flat[0], flat[1]


def attach_points(person, grid, jaw):
    """The 68 points on the surface: float64 (68, 3) in mm; `jaw` (17, 3) are the first points of the jaw's paths."""
    plane = plane_points(person)
    points = np.empty((68, 3))
    row, col = find_on_grid(person, plane[17:])
    points[17:] = on_grid(grid, row, col)
    points[JAW] = jaw
    return points


# --- paint ------------------------------------------------------------------------------------------------------------
def to_texels(points):
    """Texels, float64 (N, 2), of places x, y (N, 2) in mm of the face seen from straight ahead."""
    return (np.asarray(points, np.float64) - (SKIN_LEFT, SKIN_TOP)) * (TEXELS_PER_MM, -TEXELS_PER_MM)


class Paint:
    """A picture of the skin that is painted in mm: float32 (3, height, width), RGB 0..255."""

    def __init__(self, skin, rng):
        self.size = int(SKIN_WIDTH * TEXELS_PER_MM), int(SKIN_HEIGHT * TEXELS_PER_MM)
        self.pixels = np.empty((3, self.size[1], self.size[0]), np.float32)
        self.pixels[:] = skin[:, None, None]
        self.rng = rng

    def mask(self, polygons, soft, line=0.0):
        """Coverage, float32 0..1 of a window of the skin, and that window; `line` > 0 strokes that many mm wide."""
        texels = [to_texels(polygon) for polygon in polygons]
        margin = 2 + (3 * soft + line) * TEXELS_PER_MM
        everything = np.concatenate(texels)
        low = np.clip(np.floor(everything.min(axis=0) - margin).astype(int), 0, np.array(self.size) - 1)
        high = np.clip(np.ceil(everything.max(axis=0) + margin).astype(int) + 1, low + 1, self.size)
        cover = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        fixed = [np.round((t - low) * 16).astype(np.int32).reshape(-1, 1, 2) for t in texels]
        if line:
            cv2.polylines(cover, fixed, False, 255, max(1, round(line * TEXELS_PER_MM)), cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(cover, fixed, 255, cv2.LINE_AA, 4)
        cover = cover.astype(np.float32) / 255
        if soft:
            cover = cv2.GaussianBlur(cover, (0, 0), soft * TEXELS_PER_MM)
        return cover, (slice(low[1], high[1]), slice(low[0], high[0]))

    def apply(self, cover, window, colour, multiply=False):
        """Blend `colour` (RGB 0..255, or factors with `multiply`) into a window as far as it is covered."""
        for layer, value in zip(self.pixels, np.asarray(colour, np.float32), strict=True):
            part = layer[window]
            part += cover * (part * (value - 1) if multiply else value - part)

    def fill(self, polygon, colour, soft=0.25, strength=1.0, multiply=False, inside=None):
        """Fill a polygon (N, 2) in mm; only where the polygon `inside` is, if given."""
        cover, window = self.mask([polygon], soft)
        if inside is not None:
            cover = cover * self._window_of(inside, window)
        self.apply(strength * cover, window, colour, multiply)

    def _window_of(self, polygon, window):
        whole = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        texels = to_texels(polygon) - (window[1].start, window[0].start)
        cv2.fillPoly(whole, [np.round(texels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return whole.astype(np.float32) / 255

    def stroke(self, lines, colour, width, soft=0.2, strength=1.0, multiply=False):
        """Draw lines [(N, 2)] in mm, `width` mm wide."""
        cover, window = self.mask(lines, soft, width)
        self.apply(np.minimum(strength * cover, 1), window, colour, multiply)

    def spot(self, x, y, wide, high, factor):
        """Multiply a soft elliptic spot by `factor` (one number or RGB)."""
        (u, v), su, sv = to_texels([(x, y)])[0], wide * TEXELS_PER_MM, high * TEXELS_PER_MM
        left, right = np.clip([int(u - 3 * su), int(u + 3 * su) + 1], 0, self.size[0])
        top, bottom = np.clip([int(v - 3 * sv), int(v + 3 * sv) + 1], 0, self.size[1])
        across = np.exp(-0.5 * ((np.arange(left, right) - u) / su) ** 2)
        down = np.exp(-0.5 * ((np.arange(top, bottom) - v) / sv) ** 2)
        cover = np.outer(down, across).astype(np.float32)
        self.apply(cover, (slice(top, bottom), slice(left, right)), np.broadcast_to(factor, 3), multiply=True)

    def spots(self, x, y, wide, high, factor):
        """The same spot on both sides."""
        self.spot(-x, y, wide, high, factor)
        self.spot(x, y, wide, high, factor)


def disc(x, y, wide, high, count=28):
    """An ellipse as polygon, float64 (count, 2)."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([x + wide * np.cos(turn), y + high * np.sin(turn)])


def paint_skin(person, rng):
    """The face as it looks from straight ahead in flat light: float32 (height, width, 3), RGB 0..255."""
    paint = Paint(person.skin, rng)
    plane = plane_points(person)
    _paint_complexion(paint, person)
    _paint_scalp(paint, person)
    _paint_creases(paint, person, plane)
    _paint_beard(paint, person)
    _paint_nose(paint, person)
    _paint_mouth(paint, person, plane)
    for side in (-1, 1):
        _paint_eye(paint, person, side)
    _paint_brows(paint, person, plane)
    return cv2.merge([cv2.GaussianBlur(np.clip(layer, 0, 255), (3, 3), 0.6) for layer in paint.pixels])


def _paint_complexion(paint, person):
    """Blotches, pores, redness, freckles."""
    wide, high = paint.size
    pores = paint.rng.standard_normal((high // 2, wide // 2), dtype=np.float32)
    pores = cv2.resize(pores, paint.size) * np.float32(0.02 + 0.02 * person.age) + 1
    for layer in paint.pixels:
        blotch = paint.rng.standard_normal((high // 48, wide // 48), dtype=np.float32) * np.float32(0.018)
        layer *= pores + cv2.resize(blotch, paint.size, interpolation=cv2.INTER_CUBIC)
    red = (1.0, 0.90, 0.90) if person.skin.mean() > 120 else (1.02, 0.95, 0.95)
    paint.spots(36, -12, 14, 12, red)
    paint.spot(0, person.eye["y"] - person.nose["length"], 11, 8, red)
    if person.skin.mean() > 165 and paint.rng.random() < 0.2:
        for x, y in paint.rng.normal((0, -2), (30, 13), (60, 2)):
            paint.spot(x, y, 0.8, 0.8, (0.84, 0.76, 0.70))


def _paint_scalp(paint, person):
    """Roots along the hairline, so that hair does not begin like a cap; all of a buzz cut."""
    if person.style == "bald":
        return
    x, y = _coarse_places(paint, 0, 0.62)
    cut, _ = sections(person)
    angle = np.arcsin(np.clip(x / np.interp(-y, -cut[:, 1], cut[:, 0]), -1, 1))
    _paint_hairs(paint, _smooth(-5, 6, y - hairline(person, angle)), 0, 0.8 * person.hair)


def _coarse_places(paint, top, share):
    """x (1, N) and y (M, 1) in mm of every fourth texel of a `share` of the skin's rows from the `top` share on."""
    rows = np.arange(int(top * paint.size[1]), int((top + share) * paint.size[1]), 4)
    columns_ = np.arange(0, paint.size[0], 4)
    return SKIN_LEFT + columns_[None] / TEXELS_PER_MM, SKIN_TOP - rows[:, None] / TEXELS_PER_MM


def _paint_hairs(paint, cover, top, colour):
    """Short hairs where `cover` (coarse, see `_coarse_places`) is above 0, from the `top` share of the rows on."""
    rows = slice(int(top * paint.size[1]), min(int(top * paint.size[1]) + 4 * len(cover), paint.size[1]))
    size = (paint.size[0], rows.stop - rows.start)
    grain = cv2.GaussianBlur(paint.rng.random(size[::-1], dtype=np.float32), (1, 5), 0.9)
    cover = cv2.resize(cover.astype(np.float32), size) * (np.float32(1.1) * grain + np.float32(0.4))
    paint.apply(np.minimum(cover, np.float32(0.93)), (rows, slice(None)), colour)


def _paint_creases(paint, person, plane):
    """Soft shadow where light does not reach, and the lines of age and smile."""
    eye, mouth, age = person.eye, person.mouth, person.age
    paint.spots(eye["x"] - 2, eye["y"] + 7, 13, 5, (0.80, 0.74, 0.72))
    paint.spots(16, eye["y"] + 2, 5, 7, (0.80, 0.75, 0.73))
    paint.spots(eye["x"] - 3, eye["y"] - 9, 10, 3.5, 0.93 - 0.08 * age)
    paint.spot(0, plane[57, 1] - 5, 13, 3.0, 0.80)
    paint.spots(abs(plane[48, 0]) + 1.5, plane[48, 1], 3, 3, 0.80)
    paint.spots(4.0, (plane[33, 1] + plane[51, 1]) / 2, 1.8, 5, 0.93)
    start = np.array([(person.nose["wing"] + 3, plane[33, 1] + 9), (abs(plane[48, 0]) + 7, mouth["y"] + 3)])
    bend = np.array([(start.mean(axis=0) + (3, 3))])
    fold = np.concatenate([start[:1], bend, start[1:]])
    depth = 0.12 + 0.25 * age + 0.15 * max(mouth["smile"], 0)
    paint.stroke([fold, _mirror(fold)], (0.72, 0.66, 0.64), 2.0, 1.6, depth * 2, multiply=True)
    if age > 0.4:
        lines = [np.column_stack([np.linspace(-34, 34, 9), 66 + 7 * k + paint.rng.normal(0, 0.5, 9)]) for k in range(3)]
        paint.stroke(lines, (0.75, 0.7, 0.68), 0.8, 0.7, age, multiply=True)


def _paint_beard(paint, person):
    """Stubble to full beard, and a moustache."""
    if not person.beard:
        return
    x, y = _coarse_places(paint, 0.4, 0.6)
    x = np.abs(x)
    cheek = np.interp(x, [0, 18, 30, 48, 60, 72], [-58, -52, -38, -24, 0, 25])
    lip = person.mouth["y"] + 2
    upper = _smooth(lip - 20, lip - 6, y) * _smooth(lip + 16, lip + 11, y) * _smooth(34, 24, x)
    cover = np.maximum(_smooth(-4, 8, cheek - y) * person.beard, person.moustache * upper)
    _paint_hairs(paint, cover, 0.4, person.hair * 0.85)


def _paint_nose(paint, person):
    """Nostrils and the creases around the wings."""
    nose, tip = person.nose, person.eye["y"] - person.nose["length"]
    wing = nose["wing"]
    paint.spot(0, tip - 14, 9, 3.2, 0.80)
    paint.spots(wing + 1.0, tip - 5, 2.0, 4.5, 0.80)
    paint.spots(0.62 * wing + 1, 6, 3, 14, 0.93)
    paint.spot(0, (person.eye["y"] + tip) / 2, 2.6, 14, 1.05)
    for side in (-1, 1):
        hole = disc(side * 0.48 * wing, tip - 9.6, 0.24 * wing, 1.9)
        paint.fill(hole, person.skin * 0.16, 0.7, 0.95)


def _lip_rings(plane):
    upper, lower = curve(plane[48:55]), curve(plane[[48, 59, 58, 57, 56, 55, 54]])
    inner_upper, inner_lower = curve(plane[60:65]), curve(plane[[60, 67, 66, 65, 64]])
    return upper, lower, inner_upper, inner_lower


def _paint_mouth(paint, person, plane):
    """Lips; between them darkness, teeth and tongue as far as they are open."""
    upper, lower, inner_upper, inner_lower = _lip_rings(plane)
    paint.fill(ring(upper, lower), person.lips, 0.7, 0.92)
    paint.fill(ring(upper, inner_upper), (0.84, 0.80, 0.80), 0.6, 1.0, multiply=True)
    paint.spot(0, lower[:, 1].min() + 4.5, 9, 1.8, 1.16)
    inside, gap = ring(inner_upper, inner_lower), person.mouth["gap"]
    paint.fill(inside, (58, 22, 22), 0.35, min(1.0, 0.5 + gap / 3))
    if gap > 1.5:
        _paint_teeth(paint, person, inner_upper, inner_lower, inside)
    line = np.column_stack([inner_upper[:, 0], np.maximum(inner_upper[:, 1] - 0.6, inner_lower[:, 1])])
    paint.stroke([line], person.skin * (0.28, 0.18, 0.18), 0.9, 0.35, 0.9)


def _paint_teeth(paint, person, inner_upper, inner_lower, inside):
    gap = person.mouth["gap"]
    if gap > 8:
        paint.fill(disc(0, inner_lower[:, 1].min() + 1, 12, 0.38 * gap), (150, 66, 66), 1.2, 0.85, inside=inside)
    if person.mouth["teeth"]:
        row = inner_upper[4:-4]
        teeth = ring(row, row - (0, min(0.62 * gap + 1.0, 8.5)))
        paint.fill(teeth, (228, 220, 206), 0.4, 0.95, inside=inside)
        gaps = [np.array([(x, row[:, 1].max() + 1), (x, row[:, 1].max() - 7)]) for x in np.arange(-18, 19, 6.0)]
        paint.stroke(gaps, (0.88, 0.84, 0.80), 0.5, 0.2, 0.5 if gap > 4 else 0.2, multiply=True)
        paint.spots(row[-1, 0], row[-1, 1] - 2, 5, 6, 0.6)


def _paint_eye(paint, person, side):
    """White, iris, pupil, highlight, lids and lashes of the eye on one side (-1 = the picture's left)."""
    eye, place = person.eye, np.linspace(-1, 1, 30)
    flip = np.array([side, 1.0])
    upper, lower = eyelid(eye, place, True) * flip, eyelid(eye, place, False) * flip
    opening = ring(upper, lower)
    paint.fill(opening, (226, 218, 212), 0.3, 1.0)
    paint.spot(side * (eye["x"] - eye["half"] + 1.5), eye["y"] - eye["slant"], 1.6, 1.5, (0.95, 0.72, 0.70))
    middle = np.array([side * eye["x"] + eye["gaze"][0], eye["y"] + 0.3 + eye["gaze"][1]])
    _paint_iris(paint, person, middle, opening)
    paint.fill(ring(upper, upper - (0, 2.4)), (0.45, 0.42, 0.42), 0.7, 0.9, multiply=True, inside=opening)
    lash = np.minimum(person.skin * 0.22, person.hair * 0.6 + 10)
    paint.stroke([upper], lash, 1.5, 0.3, 0.95)
    paint.stroke([lower], person.skin * (0.52, 0.42, 0.40), 0.8, 0.4, 0.75)
    tip = upper[-1]
    paint.stroke([np.array([upper[-6], tip + (1.6 * side, 1.0)])], lash, 0.9, 0.3, 0.6)
    crease = eyelid({**eye, "up": eye["up"] * 0.8 + 3.6}, place * 0.92, True) * flip
    paint.stroke([crease + (0, 0.6)], (0.60, 0.54, 0.52), 0.9, 0.6, 0.9, multiply=True)


def _paint_iris(paint, person, middle, opening):
    iris = disc(*middle, 5.9, 5.9)
    paint.fill(iris, person.iris * 0.42, 0.2, inside=opening)
    paint.fill(disc(*middle, 5.0, 5.0), person.iris, 0.5, inside=opening)
    paint.fill(disc(*(middle - (0, 2.2)), 3.6, 2.0), person.iris * 1.3, 0.8, 0.5, inside=opening)
    paint.fill(disc(*middle, 2.5, 2.5), (10, 8, 8), 0.25, inside=opening)
    paint.fill(disc(*(middle + (-1.7, 1.7)), 1.0, 1.0), (250, 250, 250), 0.15, inside=opening)


def _paint_brows(paint, person, plane):
    """Brows as hairs: they start below the middle line and lean outwards."""
    brow, colour = person.brow, np.minimum(person.hair * 0.75, person.skin * 0.62)
    centre = curve(plane[22:27], 60)
    thick = brow["thick"] * np.interp(np.linspace(0, 1, 60), [0, 0.15, 0.5, 1], [0.75, 1, 0.85, 0.25])[:, None]
    body = ring(centre + (0, 0.5) * thick, centre - (0, 0.5) * thick)
    count = int(60 + 90 * brow["density"])
    for flip in (1, -1):
        paint.fill(body * (flip, 1), colour, 1.1, 0.30 + 0.45 * brow["density"])
        at = paint.rng.integers(0, 56, count)
        root = centre[at] + (0, 1) * thick[at] * paint.rng.uniform(-0.5, 0.25, (count, 1))
        lean = np.column_stack([paint.rng.uniform(1.5, 4.5, count), paint.rng.uniform(0.2, 2.2, count) * (1 - at / 50)])
        hairs = np.stack([root, root + lean], axis=1) * (flip, 1)
        paint.stroke(list(hairs), colour * 0.8, 0.4, 0.12, 0.35 + 0.4 * brow["density"])


def paint_hair(person, rng):
    """Strands, float32 (PATCH, PATCH, 3), RGB 0..255: across = around the head, down = from crown to tip."""
    if person.style == "afro":
        grain = rng.normal(0, 1, (PATCH, PATCH)).astype(np.float32)
        waves = cv2.GaussianBlur(grain, (0, 0), 2.0) * 4 + 0.6 * grain
    else:
        fine = rng.normal(0, 1, (8, PATCH)).astype(np.float32)
        broad = rng.normal(0, 1, (6, PATCH // 8)).astype(np.float32)
        waves = sum(cv2.resize(layer, (PATCH, PATCH), interpolation=cv2.INTER_CUBIC) for layer in (0.8 * fine, broad))
    down = np.linspace(0, 1, PATCH, dtype=np.float32)[:, None]
    sheen = 0.30 * np.exp(-(((down - 0.25) / 0.07) ** 2)) - 0.12 * down
    contrast = 0.17 if person.hair.mean() < 110 else 0.09
    return np.clip(person.hair * (1 + contrast * waves + sheen)[..., None] + 6, 0, 255).astype(np.float32)


def paint_ear(person):
    """An ear seen from its side: float32 (PATCH, PATCH, 3); the rim is bright, the shell dark."""
    ear = np.empty((PATCH, PATCH, 3), np.float32)
    ear[:] = person.skin * (1.0, 0.93, 0.92)
    dark = np.zeros((PATCH, PATCH), np.uint8)
    cv2.ellipse(dark, (132, 128), (52, 84), 0, 0, 360, 130, 14, cv2.LINE_AA)
    cv2.ellipse(dark, (110, 140), (34, 42), 0, 0, 360, 220, -1, cv2.LINE_AA)
    cover = cv2.GaussianBlur(dark, (0, 0), 9).astype(np.float32)[..., None] / 255
    return ear * (1 - 0.55 * cover)


def make_atlas(person, rng):
    """All textures in one picture, float32 (height, width, 3): skin left; hair, ear, plain skin (neck) right of it."""
    skin = paint_skin(person, rng)
    atlas = np.empty((skin.shape[0], skin.shape[1] + PATCH, 3), np.float32)
    atlas[:] = person.skin
    atlas[:, : skin.shape[1]] = skin
    atlas[:PATCH, skin.shape[1] :] = paint_hair(person, rng)
    atlas[PATCH : 2 * PATCH, skin.shape[1] :] = paint_ear(person)
    return atlas


# --- meshes -----------------------------------------------------------------------------------------------------------
def patch_uv(across, down, patch):
    """Texels, float64 (..., 2), of fractions 0..1 in the square textures right of the skin (0 hair, 1 ear, 2 neck)."""
    left = SKIN_WIDTH * TEXELS_PER_MM
    across, down = np.broadcast_arrays(across, down)
    high = PATCH - 3 if patch < 2 else SKIN_HEIGHT * TEXELS_PER_MM - 2 * PATCH - 3
    return np.stack([left + 1 + across * (PATCH - 3), PATCH * patch + 1 + down * high], axis=-1)


def mesh_of_grid(grid, uv, dim=1.0, gloss=0.0, follow=0.0, keep=None, open_sheet=False):
    """A `Mesh` of a grid (rows, columns, 3); `keep` (rows, columns) drops cells that lie wholly outside."""
    rows, cols = grid.shape[:2]
    triangles = grid_triangles(rows, cols)
    if keep is not None:
        triangles = triangles[keep.ravel()[triangles].any(axis=1)]
    spread = [np.broadcast_to(value, (rows, cols)).astype(np.float64).ravel() for value in (dim, gloss, follow)]
    return Mesh(
        grid.reshape(-1, 3),
        grid_normals(grid).reshape(-1, 3),
        uv.reshape(-1, 2),
        triangles,
        *spread,
        np.full(len(triangles), open_sheet),
    )


def join(meshes):
    """One `Mesh` of several."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    names = ("vertices", "normals", "uv", "dim", "gloss", "follow", "open_sheet")
    merged = {name: np.concatenate([getattr(mesh, name) for mesh in meshes]) for name in names}
    return Mesh(triangles=triangles.astype(np.int32), **merged)


def skin_mesh(person, grid):
    """The head; hollows get less light (how far a smoothed surface lies in front of the real one).

    Cells deep under hair are left out, for speed.
    """
    flat = cv2.GaussianBlur(grid.astype(np.float32), (0, 0), 3.0)
    hollow = ((flat - grid) * grid_normals(grid)).sum(axis=-1)
    dim = np.clip(1 - 0.13 * np.maximum(hollow, 0) + 0.03 * np.minimum(-hollow, 2).clip(0), 0.35, 1.1)
    plane, angles = grid[..., :2].copy(), columns()
    behind = np.abs(angles) > np.pi / 2  # the face must not show on the back of the head
    plane[:, behind, 0] /= np.maximum(np.abs(np.sin(angles[behind])), 1e-3)
    bare = person.style in ("bald", "buzz") or grid[..., 1] < hairline(person, angles) + 22
    return mesh_of_grid(
        grid,
        to_texels(plane.reshape(-1, 2)),
        cv2.GaussianBlur(dim, (3, 3), 0.8),
        0.16,
        keep=np.broadcast_to(bare, grid.shape[:2]),
    )


def ear_meshes(person):
    """Two flat shells that stand off the head at the back; none under long hair."""
    if person.style == "long" and not person.tucked:
        return []  # under the hair
    turn, out = np.linspace(-np.pi, np.pi, 21)[None], np.linspace(0, 1, 7)[:, None]
    wide, high = out * np.cos(turn), out * np.sin(turn)
    rim = 3.0 * np.exp(-(((out - 0.85) / 0.15) ** 2)) + 0 * turn
    lean, half = 0.42, person.outline[5, 0]
    meshes = []
    for side in (-1, 1):
        depth, away = 4 - 17 * wide, half + 3 + 11 * wide * np.sin(lean) * 2 + rim
        grid = np.stack([side * away, 6 + high * (30 - 6 * (high < 0)) + 3 * wide, depth], axis=-1)
        if side > 0:
            grid = grid[:, ::-1]
        across = 0.5 + 0.5 * (wide if side < 0 else wide[:, ::-1])
        down = 0.5 - 0.5 * (high if side < 0 else high[:, ::-1])
        meshes.append(mesh_of_grid(grid, patch_uv(across, down, 1), 0.92, 0.08, open_sheet=True))
    return meshes


def neck_mesh(person):
    """A slightly conic neck that turns with the head at its top, with the body at its bottom; dark under the chin."""
    angles, down = np.linspace(-np.pi, np.pi, 49)[None], np.linspace(0, 1, 30)[:, None]
    y = -(140 + 24 * np.maximum(np.cos(angles), 0)) * down  # ends where the collar is, see draw_shoulders
    half = person.outline[8, 0] * 0.86 + 7 * _smooth(-85, -140, y)
    z = np.interp(-y, [0, 60, 175], [-20, -14, -38]) + 0.95 * half * np.cos(angles)
    grid = np.stack([half * np.sin(angles), y, z], axis=-1)
    chin = person.outline[CHIN_ROW, 1]
    dim = 0.50 + 0.50 * _smooth(chin + 14, chin - 40, y)
    return mesh_of_grid(grid, patch_uv(0.5 + 0.4 * np.sin(angles), down, 2), dim, 0.04, follow=_smooth(-40, -125, y))


HAIRLINES = {  # height in mm (relative to person.hairline in front) over the angle from the face's middle
    "short": (
        (0, 0),
        (0.5, -1),
        (0.95, -10),
        (1.15, -28),
        (1.36, -42),
        (1.48, -70),
        (1.62, -70),
        (1.75, -52),
        (2.1, -96),
        (3.2, -122),
    ),
    "fringe": (
        (0, -30),
        (0.5, -31),
        (0.95, -36),
        (1.15, -42),
        (1.36, -56),
        (1.48, -82),
        (1.62, -78),
        (1.75, -56),
        (2.1, -96),
        (3.2, -122),
    ),
    "receding": (
        (0, 26),
        (0.35, 30),
        (0.8, 24),
        (1.15, -12),
        (1.36, -38),
        (1.48, -66),
        (1.62, -66),
        (1.75, -52),
        (2.1, -96),
        (3.2, -122),
    ),
    "long": (
        (0, 2),
        (0.5, -3),
        (0.95, -16),
        (1.15, -40),
        (1.3, -66),
        (1.45, -96),
        (1.62, -106),
        (1.75, -116),
        (2.1, -122),
        (3.2, -130),
    ),
}
THICKNESS = {"short": 7.0, "fringe": 7.5, "receding": 4.0, "long": 8.0, "afro": 26.0}


def hairline(person, angles):
    """Height in mm of the hair's edge over angles (N,) around the head."""
    style = "short" if person.style == "long" and person.tucked else person.style
    knots = np.array(HAIRLINES.get(style, HAIRLINES["short"]))
    swept = np.abs(angles + 0.12 * person.parting * np.cos(angles / 2))
    return person.hairline + PchipInterpolator(knots[:, 0], knots[:, 1])(swept)


def hair_meshes(person, rng):
    """A cap that sinks into the skin along the hairline, and a curtain for long hair; buzz cuts are painted."""
    if person.style in ("bald", "buzz"):
        return []
    cut, _ = sections(person, 36)
    angles = np.concatenate([np.linspace(-np.pi, -1.9, 9), np.linspace(-1.8, 1.8, 47), np.linspace(1.9, np.pi, 9)])
    base = round_surface(cut, angles)
    ragged = rng.uniform(-0.5, 0.5, len(angles)) * (6.0 if person.style == "fringe" else 2.5)
    height = base[..., 1] - (hairline(person, angles) + ragged)[None]
    thick = THICKNESS[person.style] * _smooth(0, 6 if person.style == "fringe" else 16, height)
    thick = thick * (1 + 0.6 * _smooth(85, 140, base[..., 1])) * (1 + rng.normal(0, 0.04, thick.shape))
    thick = thick - 1.2 + 0.15 * np.clip(height, -30, 0)
    grid = base + grid_normals(base) * thick[..., None]
    grid[:, -1] = grid[:, 0]
    close(grid)
    uv = patch_uv(_back_and_forth(angles * 2 / np.pi)[None], _smooth(140, -40, base[..., 1]), 0)
    cap = mesh_of_grid(grid, uv, 0.72 + 0.28 * _smooth(0, 12, thick), 0.05, keep=height > -8)
    return [cap, _curtain(person, rng)] if person.style == "long" else [cap]


def _back_and_forth(values):
    """A triangle wave between 0 and 1: a texture laid on so has no seam."""
    return np.abs(values % 2 - 1)


def _curtain(person, rng):
    """Long hair: a sheet around back and sides that ends somewhere around the shoulders."""
    start = rng.uniform(1.75, 2.0) if person.tucked else rng.uniform(1.15, 1.4)
    angles = np.linspace(start, 2 * np.pi - start, 49)[None]
    y = np.linspace(95, -rng.uniform(60, 170), 40)[:, None]
    half = np.interp(-y, -person.outline[:5, 1], person.outline[:5, 0])
    half = half + 3 + 7 * _smooth(90, 30, y) + 10 * _smooth(10, -120, y) + 1.6 * rng.normal(0, 1, (1, 49))
    half = half + rng.uniform(0, 3) * np.sin(y / 14 + 3 * angles)
    z = -8 + np.where(np.cos(angles) > 0, 92, 96 + 8 * _smooth(90, 30, y)) * np.cos(angles)
    grid = np.stack([half * np.sin(angles), y + 5 * np.sin(9 * angles) * _smooth(-20, -60, y), z + 0 * y], axis=-1)
    uv = patch_uv(_back_and_forth(angles * 4 / np.pi), _smooth(140, -180, y), 0)
    dim = 0.66 + 0.34 * _smooth(-150, 60, y) + 0 * angles
    return mesh_of_grid(grid, uv, dim, 0.04, 0.8 * _smooth(-30, -150, y), open_sheet=True)


def glasses_frames(person):
    """Frames as lines [(N, 3)] in mm: two lenses (closed), the bridge, two arms; empty without glasses."""
    if person.glasses == "none":
        return []
    turn = np.linspace(0, 2 * np.pi, 37)
    wide, high = 24.0, 18.0 if person.glasses != "thin" else 15.0
    cosine, sine = np.cos(turn), np.sin(turn)
    x = person.eye["x"] + 2 + wide * np.sign(cosine) * np.abs(cosine) ** 0.75
    y = person.eye["y"] - 2 + high * np.sign(sine) * np.abs(sine) ** 0.75
    lens = np.column_stack([x, y, 118 - 0.0072 * x**2])
    inner = person.eye["x"] + 2 - wide
    bridge = np.column_stack(
        [np.linspace(-inner, inner, 7), person.eye["y"] + np.array([2, 4, 5, 5.4, 5, 4, 2.0]), np.full(7, 119.0)]
    )
    arm = np.linspace((person.eye["x"] + 2 + wide, person.eye["y"] + 3, 94), (person.outline[5, 0] + 5, 26, 0), 14)
    flip = np.array([-1.0, 1, 1])
    return [lens, lens * flip, bridge, arm, arm * flip]


def make_head(person, rng):
    """A `Head` of a `Person`: shape, paint and points; the same in every pose."""
    grid, dense = skin_grid(person)
    paths, normals = jaw_paths(person, grid, dense)
    skin = skin_mesh(person, grid)
    mesh = join([skin, *ear_meshes(person), neck_mesh(person), *hair_meshes(person, rng)])
    return Head(
        person,
        attach_points(person, grid, paths[:, 0]),
        paths,
        normals,
        mesh,
        make_atlas(person, rng),
        len(skin.triangles),
        glasses_frames(person),
    )


# --- drawing ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Light:
    """A lamp (unit direction to it, RGB strength) and light from all around (RGB from above, RGB from below)."""

    direction: np.ndarray
    lamp: np.ndarray
    above: np.ndarray
    below: np.ndarray


def draw_light(rng):
    """A random light, mostly from the front and above."""
    side, height = np.radians(rng.normal(0, 38)), np.radians(rng.normal(28, 18))
    direction = np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)])
    warm = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.05) * np.array([1, 0, -1])
    lamp, around = rng.uniform(0.45, 0.95), rng.uniform(0.25, 0.55)
    cool = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.05) * np.array([1, 0, -1])
    return Light(direction, lamp * warm, around * cool, around * 0.55 * cool)


def shade(normals, dim, gloss, light):
    """How bright a surface is, float32 (N, 3) to multiply sRGB colours with, and its highlight, float32 (N,) 0..255."""
    wrap = np.array([0.30, 0.20, 0.16])  # light creeps around soft skin, red the furthest
    lit = np.maximum((normals @ light.direction)[:, None] + wrap, 0) / (1 + wrap)
    sky = (0.5 + 0.5 * normals[:, 1])[:, None]
    energy = (light.lamp * lit + light.above * sky + light.below * (1 - sky)) * dim[:, None] ** 1.6
    half = light.direction + (0, 0, 1)
    shine = np.maximum(normals @ (half / np.linalg.norm(half)), 0) ** 18
    return np.power(energy, 1 / 2.2).astype(np.float32), (shine * gloss * 255 * light.lamp.mean()).astype(np.float32)


WINDOWS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 64, 128, 256, 512)


def rasterise(flat, depth, triangles, shape):
    """What each pixel shows: triangle int32, -1 = none, its first two weights float32, depth float32; (height, width).

    `flat` float32 (V, 2) in pixels, `depth` float32 (V,), larger is nearer, `triangles` int (T, 3). Every triangle is
    tried on a square window of pixels that holds its bounding box; the nearest wins (a z-buffer). NumPy has no inner
    loop over triangles, so triangles of one window size are tried together, on a canvas with room for their windows.
    """
    a, b, c = (np.take(flat, triangles[:, k], axis=0) for k in range(3))
    low = np.ceil(np.minimum(np.minimum(a, b), c)).astype(np.int32)
    size = np.floor(np.maximum(np.maximum(a, b), c)).astype(np.int32) - low + 1
    shown = (size > 0) & (low < (shape[1], shape[0])) & (low + size > 0)
    reach = np.where(shown[:, 0] & shown[:, 1], np.maximum(size[:, 0], size[:, 1]), 0)
    margin = int(min(reach.max(initial=0), WINDOWS[-1])) + 1
    margin = next((side for side in WINDOWS if side >= margin), WINDOWS[-1])
    wide, high = shape[1] + 2 * margin, shape[0] + 2 * margin
    first_pixel = (low[:, 1] + margin) * wide + low[:, 0] + margin
    found = []
    for previous, side in zip((0, *WINDOWS), WINDOWS, strict=False):
        part = np.flatnonzero((reach > previous) & (reach <= side))
        if len(part):
            inside = _cover([corner[part] for corner in (a, b, c)], low[part], side)
            found.append(_pixels(inside, part, side, np.take(first_pixel, part), np.take(depth, triangles[part]), wide))
    layers = _nearest(found, wide * high)
    return [layer.reshape(high, wide)[margin:-margin, margin:-margin] for layer in layers]


def _cover(corners, low, side):
    """The first two weights of all pixels of the windows, float32 (T, side * side), and where these lie inside."""
    (ax, ay), (bx, by), (cx, cy) = (
        (corner - low).T.astype(np.float32) for corner in corners
    )  # from the window's corner
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    scale = np.float32(1) / np.where(np.abs(area) < 1e-9, np.float32(np.nan), area)  # NaN: a line covers nothing
    down, right = (axis.astype(np.float32) for axis in np.divmod(np.arange(side * side), side))

    def weight(px, py, qx, qy):  # the area towards the edge p-q over the whole: 0 on that edge, 1 in the other corner
        per_column, per_row = (py - qy) * scale, (qx - px) * scale
        values = per_column[:, None] * right
        values += per_row[:, None] * down
        values -= (per_column * px + per_row * py)[:, None]
        return values

    first, second = weight(bx, by, cx, cy), weight(cx, cy, ax, ay)
    inside = first >= -1e-4
    inside &= second >= -1e-4
    inside &= first + second <= 1.0001
    return first, second, inside


def _pixels(cover, numbers, side, first_pixel, depth, wide):
    """Pixels inside triangles: flat index, depth, triangle and first two weights, each (N,)."""
    first, second, inside = cover
    found = np.flatnonzero(inside)
    which = np.repeat(np.arange(len(numbers)), np.count_nonzero(inside, axis=1))
    step = found - which * (side * side)
    offset = (np.arange(side)[:, None] * wide + np.arange(side)).ravel()
    w0, w1 = np.take(first.ravel(), found), np.take(second.ravel(), found)
    far = depth[:, 2]
    z = w0 * np.take(depth[:, 0] - far, which) + w1 * np.take(depth[:, 1] - far, which) + np.take(far, which)
    return np.take(first_pixel, which) + np.take(offset, step), z, np.take(numbers, which), w0, w1


def _nearest(found, count):
    """The z-buffer of `rasterise`, flat."""
    number, nearest = np.full(count, -1, np.int32), np.full(count, -np.inf, np.float32)
    first, second = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if found:
        place, depth, triangle, w0, w1 = (np.concatenate(column) for column in zip(*found, strict=True))
        np.maximum.at(nearest, place, depth)
        won = np.flatnonzero(depth >= np.take(nearest, place))
        place = np.take(place, won)
        for layer, values in ((number, triangle), (first, w0), (second, w1)):
            layer[place] = np.take(values, won)
    return number, first, second, nearest


def turn(mesh, pose):
    """Vertices and normals of a mesh, float64 (V, 3), turned by the pose; the body turns a third as far as the head."""
    head, body = pose.rotation(), rotation(0.1 * pose.pitch, 0.35 * pose.yaw, 0.25 * pose.roll)
    follow = mesh.follow[:, None]
    moved = [part @ head.T * (1 - follow) + part @ body.T * follow for part in (mesh.vertices, mesh.normals)]
    return moved[0], moved[1]


def draw_head(picture, head, pose, light):
    """Draw a head into `picture`, float32 (height, width, 3), RGB 0..255, in place.

    Returns bool (height, width): where the head itself shows, without neck, ears and hair in front of it.
    """
    mesh, shape = head.mesh, picture.shape[:2]
    vertices, normals = turn(mesh, pose)
    flat, depth = pose.to_pixels(vertices).astype(np.float32), (vertices[:, 2] * pose.scale).astype(np.float32)
    visible = np.flatnonzero(mesh.open_sheet | _turned_here(flat, mesh.triangles))
    normals = np.where((normals[:, 2:] < 0) & (np.arange(len(normals)) >= ROWS * COLS)[:, None], -normals, normals)
    number, first, second, nearest = rasterise(flat, depth, mesh.triangles[visible], shape)
    lit, shine = shade(normals, mesh.dim, mesh.gloss, light)
    box = _box(number >= 0)
    attributes = np.column_stack([mesh.uv, lit, shine]).T.astype(np.float32)
    layers = interpolate(attributes, mesh.triangles[visible], number[box], first[box], second[box])
    _paste(picture[box], head.atlas, layers, number[box] >= 0)
    _draw_glasses(picture, head, pose, nearest)
    return (number >= 0) & (visible[np.maximum(number, 0)] < head.skin_triangles)


def _box(mask, margin=3):
    """Slices of rows and columns around what is True."""
    slices = []
    for axis in (1, 0):
        filled = np.flatnonzero(mask.any(axis=axis))
        low, high = (filled[0], filled[-1]) if len(filled) else (0, 0)
        slices.append(slice(max(low - margin, 0), high + margin + 1))
    return tuple(slices)


def _turned_here(flat, triangles):
    """True where a triangle's outer side is seen (its corners then run clockwise in the picture, y down)."""
    a, b, c = flat[triangles[:, 0]], flat[triangles[:, 1]], flat[triangles[:, 2]]
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0


def interpolate(attributes, triangles, number, first, second):
    """Attributes float32 (A, V) as pictures, float32 (A, height, width), 0 where there is no triangle.

    `number`, `first`, `second` (height, width) come from `rasterise`. One attribute at a time: long rows suit NumPy.
    """
    place = np.flatnonzero(number >= 0)
    chosen, w0, w1 = (np.take(layer, place) for layer in (number, first, second))
    layers = np.zeros((len(attributes), number.size), np.float32)
    for layer, values in zip(layers, attributes, strict=True):
        a, b, c = (np.take(values, triangles[:, k]) for k in range(3))
        layer[place] = w0 * np.take(a - c, chosen) + w1 * np.take(b - c, chosen) + np.take(c, chosen)
    return layers.reshape(-1, *number.shape)


def _paste(picture, atlas, layers, shown):
    """Colour the pixels that are `shown`, and soften the outline by a pixel; `layers` are u, v, light (3), shine."""
    texture = cv2.remap(atlas, layers[0], layers[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    coloured = cv2.multiply(texture, cv2.merge(layers[2:5]))
    coloured = cv2.min(cv2.add(coloured, cv2.merge([layers[5]] * 3)), (255.0,) * 4)
    np.copyto(picture, coloured, where=shown[..., None])
    solid, near = shown.astype(np.uint8), np.ones((3, 3), np.uint8)
    edge = cv2.dilate(solid, near) != cv2.erode(solid, near)
    picture[edge] = cv2.GaussianBlur(picture, (3, 3), 0.8)[edge]


def blend(picture, cover, colour):
    """Lay `colour` (RGB, or a float32 picture) over `picture`, in place, as far as `cover` (uint8, 255 = all) says."""
    rows, cols = _box(cover > 0)
    part = picture[rows, cols]
    target = colour[rows, cols] if np.ndim(colour) == 3 else np.asarray(colour, np.float32)
    part += (cover[rows, cols, None] * np.float32(1 / 255)) * (target - part)


def _draw_glasses(picture, head, pose, nearest):
    """Lenses as a tint, frames as lines, hidden where the head is nearer."""
    kind = head.person.glasses
    if kind == "none":
        return
    turned = [frame @ pose.rotation().T for frame in head.frames]
    flat = [pose.to_pixels(frame) for frame in turned]
    for outline in flat[:2]:
        cover = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(cover, [np.round(outline * 16).astype(np.int32)], 225 if kind == "dark" else 18, cv2.LINE_AA, 4)
        blend(picture, cover, (24, 22, 24) if kind == "dark" else (235, 240, 245))
    width = max(1, round(pose.scale * (1.2 if kind == "thin" else 3.2)))
    layer = np.zeros(picture.shape[:2], np.uint8)
    for line, points in zip(flat, turned, strict=True):
        _stroke_in_depth(layer, line, points[:, 2] * pose.scale, nearest, width)
    blend(picture, layer, (74, 66, 58) if kind == "thin" else (28, 26, 26))


def _stroke_in_depth(layer, line, depth, nearest, width):
    """Draw the pieces of a line (N, 2) that lie no more than 2 px behind what is drawn already."""
    middle = np.round((line[1:] + line[:-1]) / 2).astype(int)
    height, wide = layer.shape
    inside = (middle >= 0).all(axis=1) & (middle < (wide, height)).all(axis=1)
    column, row = np.clip(middle[:, 0], 0, wide - 1), np.clip(middle[:, 1], 0, height - 1)
    free = inside & ((depth[1:] + depth[:-1]) / 2 > nearest[row, column] - 2)
    pieces = np.round(np.stack([line[:-1], line[1:]], axis=1)[free] * 16).astype(np.int32)
    cv2.polylines(layer, list(pieces.reshape(-1, 2, 1, 2)), False, 255, width, cv2.LINE_AA, 4)


# --- around the head --------------------------------------------------------------------------------------------------
def muted(rng):
    """A random colour, RGB float64 (3,), mostly little saturated, as walls, clothes and gardens are."""
    colour = rng.uniform(8, 240, 3)
    return colour.mean() + rng.beta(1.2, 2.5) * (colour - colour.mean())


def draw_background(rng, width, height):
    """A blurred place: float32 (height, width, 3), RGB 0..255, from a gradient, shapes and coarse noise."""
    small = (max(2, width // 5), max(2, height // 5))
    across, down = np.meshgrid(np.linspace(-1, 1, small[0]), np.linspace(-1, 1, small[1]))
    slope = np.cos(rng.uniform(0, 7)) * across + np.sin(rng.uniform(0, 7)) * down
    one, two = muted(rng), muted(rng)
    picture = (one + (two - one) * np.clip(0.5 + 0.5 * slope, 0, 1)[..., None]).astype(np.float32)
    for _ in range(rng.integers(0, 14)):
        middle = rng.integers(0, (small[0], small[1])).tolist()
        colour, axes = muted(rng).tolist(), rng.integers(3, 34, 2).tolist()
        if rng.random() < 0.5:
            cv2.ellipse(picture, middle, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
        else:
            cv2.rectangle(picture, middle, [middle[0] + axes[0], middle[1] + 3 * axes[1]], colour, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 5)))
    grain = rng.normal(0, rng.uniform(0, 9), (small[1], small[0], 1)).astype(np.float32)
    return cv2.resize(np.clip(picture + grain, 0, 255), (width, height), interpolation=cv2.INTER_LINEAR)


def draw_shoulders(picture, head, pose, light):
    """Clothed shoulders below the neck, in place."""
    s, (height, width) = pose.scale, picture.shape[:2]
    body = rotation(0.1 * pose.pitch, 0.35 * pose.yaw, 0.25 * pose.roll)
    x, y = pose.to_pixels((body @ np.array([[0.0], [-128.0], [-30.0]])).T)[0]
    half = s * 200 * np.cos(0.35 * pose.yaw)
    slope = np.array([(1.0, 400), (1.0, 92), (0.93, 62), (0.78, 44), (0.50, 24), (0.34, 8), (0.29, 6)])
    left = np.column_stack([x - half * slope[:, 0], y + s * slope[:, 1]])
    collar = np.column_stack(
        [x + half * np.linspace(-0.24, 0.24, 9), y + s * (10 + 22 * np.cos(np.linspace(-1.5, 1.5, 9)))]
    )
    outline = np.concatenate([left, collar, (left * (-1, 1) + (2 * x, 0))[::-1]])
    cover = np.zeros((height, width), np.uint8)
    cv2.fillPoly(cover, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    across = (np.arange(width, dtype=np.float32) - np.float32(x)) / np.float32(half)
    bright = 0.75 + 0.25 * light.direction[0] * np.clip(across, -1, 1) + 0.04 * np.sin(across * 23)
    cloth = (head.person.cloth * bright[:, None]).astype(np.float32)
    blend(picture, cover, np.broadcast_to(cloth, picture.shape))


def finish(picture, rng, grain=6.0):
    """The camera: exposure, contrast, saturation, blur and grain; uint8 (height, width, 3), RGB, from float32.

    `grain` is the most that the noise's standard deviation may be, in grey levels.
    """
    contrast, bright = rng.normal(1.0, 0.10), rng.normal(0, 8)
    colour = 0 if rng.random() < 0.04 else np.clip(rng.normal(1, 0.15), 0.4, 1.4)
    mix = contrast * (colour * np.eye(3) + (1 - colour) * np.array([0.299, 0.587, 0.114]))
    picture = cv2.transform(picture, np.column_stack([mix, np.full(3, 118 + bright - 118 * contrast)]))
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.45, 1.2)))
    height, width = picture.shape[:2]
    noise = np.float32(rng.uniform(0.5, grain)) * rng.standard_normal((-(-height // 2), width), dtype=np.float32)
    picture += np.concatenate([noise, noise[::-1, ::-1]])[:height, :, None]  # half the random numbers will do
    return cv2.convertScaleAbs(np.maximum(picture, 0, out=picture))
