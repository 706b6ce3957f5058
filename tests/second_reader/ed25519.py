"""Verifies Ed25519 signatures as strictly as docs/PROTOCOL.md, section Signatures, asks; signs nothing, hides no timing."""

import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)
# Scalars are cut into 64 digits of 4 bits.
DIGITS = 64


def add(p, q):
    """Adds two points in extended coordinates (x, y, z, t); complete, so doubling too."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def negate(p):
    return (P - p[0], p[1], p[2], P - p[3])


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def decode(encoded):
    """Reads a point, y as it is modulo p; None if there is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = (P - x) % P
    return (x, y, 1, x * y % P)


def has_small_order(point):
    for _ in range(3):
        point = add(point, point)
    return same(point, IDENTITY)


@functools.lru_cache(maxsize=64)
def table_of(encoded):
    """For a point, digit by digit, its multiples by 0 to 15; None if the bytes are no point or one of small order."""
    point = decode(encoded)
    if point is None or has_small_order(point):
        return None
    table = []
    for _ in range(DIGITS):
        row = [IDENTITY]
        for _ in range(15):
            row.append(add(row[-1], point))
        table.append(row)
        point = add(row[-1], point)
    return table


def times(scalar, table):
    total = IDENTITY
    for row in table:
        total = add(total, row[scalar & 15])
        scalar >>= 4
    return total


BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def verify(public, message, signature):
    """Whether the signature of 64 bytes is the public key's over the message."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    key, start = table_of(public), decode(r)
    if key is None or start is None or has_small_order(start) or s >= ORDER:
        return False
    digest = hashlib.sha512(r + public + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    return same(add(times(s, table_of(BASE)), negate(times(k, key))), start)
