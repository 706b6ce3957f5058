"""Hashes with BLAKE3 (its paper, sections 2.1 to 2.6) to 32 bytes; no streams, no speed."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED = 1, 2, 4, 8, 16
CHUNK_BYTES, BLOCK_BYTES = 1024, 64
MIXES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)
MASK = 0xFFFFFFFF


def turn(word, bits):
    return (word >> bits | word << 32 - bits) & MASK


def compress(chain, block, counter, length, flags):
    """Mixes a block of 16 words into a chaining value of 8."""
    v = [*chain, *IV[:4], counter & MASK, counter >> 32, length, flags]
    for _ in range(7):
        for step, (a, b, c, d) in enumerate(MIXES):
            for word, (far, near) in zip(block[2 * step:2 * step + 2], ((16, 12), (8, 7))):
                v[a] = (v[a] + v[b] + word) & MASK
                v[d] = turn(v[d] ^ v[a], far)
                v[c] = (v[c] + v[d]) & MASK
                v[b] = turn(v[b] ^ v[c], near)
        block = [block[at] for at in PERMUTATION]
    return [v[at] ^ v[at + 8] for at in range(8)]


def words(block):
    padded = block.ljust(BLOCK_BYTES, b"\0")
    return [int.from_bytes(padded[at:at + 4], "little") for at in range(0, BLOCK_BYTES, 4)]


def chunk(data, number, root, chain=IV):
    """The chaining value of at most 1,024 bytes."""
    mode = 0 if chain == IV else KEYED
    blocks = [data[at:at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)] or [b""]
    for at, block in enumerate(blocks):
        last = at == len(blocks) - 1
        flags = mode | (CHUNK_START if at == 0 else 0) | (CHUNK_END | root if last else 0)
        chain = compress(chain, words(block), number, len(block), flags)
    return chain


def tree(data, first, root):
    """The chaining value of any bytes: the left half holds the largest power of two of chunks that leaves some."""
    if len(data) <= CHUNK_BYTES:
        return chunk(data, first, root)
    left = 1
    while 2 * left * CHUNK_BYTES < len(data):
        left *= 2
    cut = left * CHUNK_BYTES
    both = tree(data[:cut], first, 0) + tree(data[cut:], first + left, 0)
    return compress(IV, both, 0, BLOCK_BYTES, PARENT | root)


def hash32(data):
    return b"".join(word.to_bytes(4, "little") for word in tree(data, 0, ROOT))


def keyed16(key, data):
    """The first 16 bytes of the keyed hash of at most 1,024 bytes."""
    words_of_key = [int.from_bytes(key[at:at + 4], "little") for at in range(0, 32, 4)]
    return b"".join(word.to_bytes(4, "little") for word in chunk(data, 0, ROOT, words_of_key)[:4])
