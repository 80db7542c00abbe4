"""Tests of the scripts that compare face8x's search with other detectors."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))

import blazeface  # noqa: E402
import detect  # noqa: E402


class BlazeFace(unittest.TestCase):
    def test_anchors_are_as_many_as_the_networks_outputs_and_in_their_order(self):
        short = blazeface.anchors(*blazeface.FORMS["short"])
        self.assertEqual(len(short), 896)
        self.assertEqual(short[:3], [(4, 4), (4, 4), (12, 4)])
        self.assertEqual(short[32], (4, 12))
        # The three layers of stride 16 share places.
        self.assertEqual(short[512:519], [(8, 8)] * 6 + [(24, 8)])
        self.assertEqual(short[-1], (120, 120))
        full = blazeface.anchors(*blazeface.FORMS["full"])
        self.assertEqual(len(full), 2304)
        self.assertEqual([full[0], full[1], full[48], full[-1]], [(2, 2), (6, 2), (2, 6), (190, 190)])

    def test_a_face_is_where_its_anchor_and_numbers_say(self):
        offsets = [1, -2, 20, 30, -5, -6, 5, -6, 0, 1, 0, 8, -9, 0, 9, 0]
        box, points = blazeface.face((60, 40), offsets)
        self.assertEqual(box, (51, 23, 71, 53))
        self.assertEqual(points, [(55, 34), (65, 34), (60, 41), (60, 48), (51, 40), (69, 40)])


class Fixed(detect.Peer):
    """A peer with known answers."""

    def __init__(self, name, zoom, times=(), faces=()):
        self.name, self.zoom, self.times, self.shares, self.faces = name, zoom, list(times), {}, list(faces)

    def find(self, file, size):
        return self.faces


class Detect(unittest.TestCase):
    def test_faces_within_half_a_side_are_found_and_all_others_are_false(self):
        truth = {16: [("a", (640, 480), [(100, 100, 16), (200, 100, 16)])], 0: [("b", (640, 480), [])]}
        peer = Fixed("x", 1, faces=[(103, 104, 16), (208, 100, 16)])
        self.assertEqual(detect.found(peer, truth), {16: (50, 1), 0: (0, 2)})

    def test_ratios_are_to_the_like_search_of_face8x(self):
        peers = [Fixed("face8x, as it is", 1, [1, 2, 3]), Fixed("face8x, enlarged twice", 2, [4, 8, 12])]
        peers += [Fixed("rustface, as it is", 1, [5, 20, 30]), Fixed("rustface, enlarged twice", 2, [40, 80, 99])]
        for peer in peers:
            peer.shares = {16: (50, 1), 24: (75, 0), 48: (100, 0), 0: (0, 2)}
        self.assertEqual(peers[2].ratios(peers), [10, 5])
        rows = list(detect.table(peers))
        self.assertEqual(rows[4], "| rustface, as it is | 50 % | 75 % | 100 % | 3 | 20.00 | 5.00 | 10.00 | 5.00 |")
        self.assertEqual({row.count("|") for row in rows}, {10})
        short = list(detect.short_table(peers))
        self.assertEqual(short[2:], [
            "| face8x, enlarged twice | 50 % | 75 % | 100 % | 3 | 1.0 |",
            "| rustface, enlarged twice | 50 % | 75 % | 100 % | 3 | 10.0 |",
        ])


if __name__ == "__main__":
    unittest.main()
