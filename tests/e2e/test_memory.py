"""The memory of the real server after decompression bombs, huge bodies and several large photos at once."""

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from fer.settings import Settings
from local.servers import Server, local_server, send
from tests.pictures import astronaut, encode
from tools.drawn_pictures import encoded_pictures, saved

LIMIT_MB = 500
SIDES_PX = (5_000, 10_000, 20_000)
ROUTES = ("/predict_expression", "/save_expression_feedback?label=happy")
BODY_BYTES = 50_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("memory")
    with local_server(directory / "bucket", log=directory / "log") as running:
        yield running


def png(side_px: int, *, bits: int, colour_type: int) -> bytes:
    """Zeros in a PNG of ``side_px``²: 8-bit RGB is colour type 2, one bit of grey type 0."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    channels = 3 if colour_type == 2 else 1
    row = bytes(1 + (side_px * bits * channels + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    header = side_px.to_bytes(4) * 2 + bytes([bits, colour_type, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def grey_png(side_px: int) -> bytes:
    return png(side_px, bits=1, colour_type=0)


def rgb_png(side_px: int) -> bytes:
    """The header and the first rows only beyond 5,000²: nothing may get as far as noticing that rows are missing."""
    whole = png(min(side_px, 5_000), bits=8, colour_type=2)
    header = side_px.to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    return whole[:16] + header + zlib.crc32(b"IHDR" + header).to_bytes(4) + whole[33:]


def gif(side_px: int) -> bytes:
    """A small GIF whose headers claim ``side_px``²."""
    data = bytearray(saved(Image.new("P", (8, 8)), "GIF"))
    size = side_px.to_bytes(2, "little") * 2
    data[6:10] = size
    frame = data.index(b",\0\0\0\0")
    data[frame + 5 : frame + 9] = size
    return bytes(data)


def bmp(side_px: int) -> bytes:
    """A small BMP whose header claims ``side_px``²."""
    data = saved(Image.new("P", (8, 8)), "BMP")
    return data[:18] + side_px.to_bytes(4, "little") * 2 + data[26:]


def webp(side_px: int) -> bytes:
    """An extended WebP whose canvas claims ``side_px``² around a frame of 8×8."""
    frame = saved(Image.new("RGB", (8, 8)), "WEBP")[12:]
    canvas = (side_px - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas + frame
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize("route", ROUTES, ids=["predict", "feedback"])
@pytest.mark.parametrize("side_px", SIDES_PX)
@pytest.mark.parametrize("bomb", [grey_png, rgb_png, gif, bmp, webp])
def test_bomb_is_refused(server: Server, bomb: Callable[[int], bytes], side_px: int, route: str) -> None:
    data = bomb(side_px)
    assert len(data) < 300_000
    reply = send(server.url, "POST", route, headers={"Content-Type": "image/png"}, body=data)
    # A picture of exactly the largest size is read; this one shows nobody.
    readable = side_px**2 <= Settings().max_image_pixels
    assert reply.status in ((200, 400, 413) if readable else (400, 413))
    assert ("error" in reply.json) == (reply.status != 200)
    assert server.resident_mb() < LIMIT_MB


@pytest.mark.parametrize("route", ROUTES, ids=["predict", "feedback"])
@pytest.mark.parametrize("media_type", ["application/json", "image/jpeg"])
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_huge_body_is_refused(server: Server, route: str, media_type: str, chunked: bool) -> None:
    piece = b" " * 1_000_000
    pieces = BODY_BYTES // len(piece)
    body = (piece for _ in range(pieces)) if chunked else piece * pieces
    reply = send(server.url, "POST", route, headers={"Content-Type": media_type}, body=body)
    assert reply.status == 413
    assert "error" in reply.json
    assert server.resident_mb() < LIMIT_MB


def test_many_bombs_and_bodies_at_once(server: Server) -> None:
    bombs = [grey_png(side_px) for side_px in SIDES_PX] + [b"{" * BODY_BYTES]

    def post(number: int) -> int:
        headers = {"Content-Type": "image/png"}
        return send(server.url, "POST", ROUTES[number % 2], headers=headers, body=bombs[number % 4]).status

    with ThreadPoolExecutor(8) as clients:
        statuses = list(clients.map(post, range(16)))
    assert set(statuses) <= {200, 400, 413}
    assert server.resident_mb() < LIMIT_MB


@pytest.mark.parametrize("annotate", ["png", "none"])
def test_large_photo_from_eight_clients(server: Server, annotate: str) -> None:
    photo = encode(np.asarray(cv2.resize(astronaut()[:384], (4_000, 3_000)), np.uint8), ".jpg")

    def post(_: int) -> int:
        path = f"/predict_expression?annotate={annotate}"
        reply = send(server.url, "POST", path, headers={"Content-Type": "image/jpeg"}, body=photo, timeout_s=120)
        return len(reply.json["faces"])

    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(post, range(8))) == [1] * 8
    assert server.peak_resident_mb() < LIMIT_MB


def test_a_thousand_mixed_requests_after_the_bombs_leave_the_memory_bounded(server: Server) -> None:
    face = encode(astronaut(), ".jpg")
    drawn = list(encoded_pictures().values())
    odd = [saved(Image.fromarray(astronaut()), kind) for kind in ("GIF", "BMP", "AVIF", "WEBP", "PNG")]
    bombs = [bomb(10_000) for bomb in (grey_png, gif, bmp, webp)]
    image = {"Content-Type": "image/*"}

    def request(number: int) -> int:
        kind, turn = number % 10, number // 10
        if kind == 0:
            return send(server.url, "GET", ("/", "/stats", "/dashboard", "/download_expression_csv")[turn % 4]).status
        if kind == 1:
            return send(server.url, "POST", ROUTES[turn % 2], headers=image, body=bombs[turn % 4]).status
        if kind == 2:
            return send(server.url, "POST", ROUTES[1], headers=image, body=face).status
        if kind == 3:
            return send(server.url, "POST", f"{ROUTES[0]}?annotate=png", headers=image, body=odd[turn % 5]).status
        if kind == 4:
            return send(server.url, "POST", ROUTES[0], headers=image, body=face[: 100 * (turn + 1)]).status
        path = f"{ROUTES[0]}?annotate={('none', 'jpeg', 'webp')[turn % 3]}"
        return send(server.url, "POST", path, headers=image, body=drawn[number % len(drawn)]).status

    with ThreadPoolExecutor(8) as clients:
        statuses = Counter(clients.map(request, range(1_000)))
    assert set(statuses) <= {200, 400, 413}
    assert statuses[200] >= 700
    assert server.resident_mb() < LIMIT_MB


def test_small_bodies_that_unpack_to_large_ones_leave_the_memory_bounded(server: Server) -> None:
    letters = b"%41" * (Settings().max_body_bytes // 3 - 100)
    photo = encode(astronaut(), ".jpg")
    bodies = [
        gzip.compress(b'{"image": "data:image/jpeg;base64,' + letters + b'"}'),
        gzip.compress(b'{"image": "x", "more": [' + b"[]," * (len(letters) // 3) + b"0]}"),
        gzip.compress(photo + bytes(len(letters) - len(photo))),
    ]

    def post(number: int) -> int:
        kind = "image/jpeg" if number % 3 == 2 else "application/json"
        headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
        return send(server.url, "POST", ROUTES[number % 2], headers=headers, body=bodies[number % 3]).status

    with ThreadPoolExecutor(16) as clients:
        statuses = list(clients.map(post, range(24)))
    assert Counter(statuses) == {400: 16, 200: 8}
    assert server.resident_mb() < LIMIT_MB
