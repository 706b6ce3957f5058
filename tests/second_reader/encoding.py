"""Reads values in the encoding of docs/PROTOCOL.md, section Encoding. Strict: the first byte out of place is Malformed."""


class Malformed(Exception):
    """The bytes are not the one encoding of any value."""


# First byte of a longer varint: how many bytes follow, and the smallest value that needs so many.
LONGER = {0xFB: (2, 251), 0xFC: (4, 1 << 16), 0xFD: (8, 1 << 32)}


class Reader:
    """Walks over bytes from the front."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Malformed
        self.at += count
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.take(1)[0]

    def varint(self, bits):
        first = self.u8()
        if first <= 250:
            return first
        if first not in LONGER:
            raise Malformed
        count, smallest = LONGER[first]
        value = int.from_bytes(self.take(count), "little")
        if value < smallest or value >> bits:
            raise Malformed
        return value

    def u16(self):
        return self.varint(16)

    def u32(self):
        return self.varint(32)

    def u64(self):
        return self.varint(64)

    def i16(self):
        folded = self.varint(16)
        return -(folded + 1) // 2 if folded & 1 else folded // 2

    def bool(self):
        return self.choice([False, True], self.u8())

    def hex(self, count):
        return self.take(count).hex()

    def key(self):
        return self.hex(32)

    def bytes(self):
        return self.take(self.u64())

    def text(self):
        try:
            return self.bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed from error

    def optional(self, read):
        return read() if self.bool() else None

    def list(self, read):
        return [read() for _ in range(self.u64())]

    def choice(self, choices, number):
        if number >= len(choices):
            raise Malformed
        return choices[number]

    def enum(self, *variants):
        """One of (name, how to read its field or None) as a dict with the name."""
        name, read = self.choice(variants, self.u32())
        return {name: read() if read else None}

    def end(self):
        if self.at != len(self.data):
            raise Malformed


def whole(read, data):
    """Reads one value from all of the bytes."""
    reader = Reader(data)
    value = read(reader)
    reader.end()
    return value
