//! Makes the vectors from fixed seeds: what is valid at every limit, and every way to be corrupt; reading the file is not done here.

use serde_json::{Value, json};
use usher_keys::codec::encode;
use usher_keys::{Domain, EventId, KeyStatus, SecretKey, Timestamp, Window};
use usher_protocol::ticket::live::LIVE_TOLERANCE_MS;
use usher_protocol::ticket::{
    MAX_PAYLOAD_BYTES, MAX_TEXT_DIGITS, PAYLOAD_VERSION, Payload, Ticket, TicketFlags, digits,
};
use usher_protocol::{Generation, TierId, Unit};

use super::file::{HOLDER_SEED, Key, NOW, Rejected, Valid, Vectors, WINDOW, split};

/// The encodings of points of small order, canonical or not: signatures under them prove nothing.
const WEAK_KEYS: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// The order of the group that signatures live in, little-endian.
///
/// **Source**: RFC 8032, section 5.1.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub fn vectors() -> Vectors {
    let keys = keys();
    Vectors {
        about: "Ticket payloads of version 1. Bytes in hexadecimal, times in milliseconds since the Unix epoch. \
                Every key's seed is the 32-byte private key of RFC 8032; the holder's is 70 repeated. A rejected entry has either a payload, whose \
                text follows from it, or a text, or the hexadecimal bytes of a text that is not UTF-8."
            .to_owned(),
        event: EventId(*b"vectors of usher"),
        now: NOW,
        weak_keys: WEAK_KEYS.map(str::to_owned).to_vec(),
        valid: valid(&keys),
        rejected: rejected(&keys),
        keys,
    }
}

fn keys() -> Vec<Key> {
    let current = Key::new("current", 1, WINDOW);
    let other = Key::new("other", 2, WINDOW);
    let mut retired = Key::new("retired", 3, WINDOW);
    retired.status = KeyStatus::Retired(Timestamp(1_795_000_000_000));
    let mut struck = Key::new("struck", 4, WINDOW);
    struck.status = KeyStatus::Struck(Timestamp(1_795_000_000_000));
    let over = Window { until: NOW, ..WINDOW };
    let early = Window {
        from: Timestamp(NOW.0 + 1),
        ..WINDOW
    };
    let mut stranger = Key::new("stranger", 7, WINDOW);
    stranger.in_bundle = false;
    vec![
        current,
        other,
        retired,
        struck,
        Key::new("over", 5, over),
        Key::new("early", 6, early),
        stranger,
    ]
}

fn ordinary(key: &Key) -> Ticket {
    Ticket {
        key: key.public.id(),
        unit: Unit(4_711),
        generation: Generation(1),
        tier: TierId(2),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn valid(keys: &[Key]) -> Vec<Valid> {
    let current = &keys[0];
    let ticket = |change: fn(&mut Ticket)| {
        let mut ticket = ordinary(current);
        change(&mut ticket);
        ticket
    };
    let cases = [
        ("an ordinary reserved seat", ticket(|_| {})),
        (
            "the smallest: every field at its lowest",
            ticket(|t| (t.unit, t.tier) = (Unit(0), TierId(0))),
        ),
        (
            "the largest ordinary reserved seat",
            ticket(|t| (t.unit, t.tier) = (Unit(65_535), TierId(250))),
        ),
        ("unit at the last one-byte number", ticket(|t| t.unit = Unit(250))),
        (
            "unit at the first three-byte number",
            ticket(|t| t.unit = Unit(251)),
        ),
        (
            "unit at the first five-byte number",
            ticket(|t| t.unit = Unit(65_536)),
        ),
        ("unit at its highest", ticket(|t| t.unit = Unit(u32::MAX))),
        (
            "generation at its highest",
            ticket(|t| t.generation = Generation(u32::MAX)),
        ),
        (
            "tier at the first three-byte number",
            ticket(|t| t.tier = TierId(251)),
        ),
        ("tier at its highest", ticket(|t| t.tier = TierId(u16::MAX))),
        ("a group as large as can be", ticket(|t| t.admits = u8::MAX)),
        (
            "the flag to check identity",
            ticket(|t| t.flags = TicketFlags::CHECK_ID),
        ),
        ("a live ticket", ticket(|t| t.holder = Some(holder()))),
        ("the largest: every field at its highest", largest(current)),
    ];
    let mut valid: Vec<_> = cases
        .into_iter()
        .map(|(name, ticket)| Valid::new(name, current, ticket))
        .collect();
    valid.push(Valid::new(
        "signed by a retired key within its window",
        &keys[2],
        ordinary(&keys[2]),
    ));
    valid
}

fn holder() -> usher_keys::PublicKey {
    SecretKey::from_seed(&HOLDER_SEED).public()
}

fn largest(key: &Key) -> Ticket {
    Ticket {
        key: key.public.id(),
        unit: Unit(u32::MAX),
        generation: Generation(u32::MAX),
        tier: TierId(u16::MAX),
        admits: u8::MAX,
        flags: TicketFlags(TicketFlags::KNOWN),
        holder: Some(holder()),
    }
}

fn rejected(keys: &[Key]) -> Vec<Rejected> {
    let mut all = lengths(&keys[0]);
    all.extend(bodies(&keys[0]));
    all.extend(alterations(&keys[0], &keys[1]));
    all.extend(signatures(keys));
    all.extend(other_keys(keys));
    all.extend(live(&keys[0]));
    all.extend(spellings(&keys[0]));
    all.extend(numbers(&keys[0]));
    all
}

fn not_a_ticket(name: &str, payload: &[u8]) -> Rejected {
    Rejected::payload_of(name, payload, json!("not_a_ticket"))
}

fn false_signature(name: &str, payload: &[u8]) -> Rejected {
    Rejected::payload_of(name, payload, json!("false_signature"))
}

/// Signs whatever body there is, also one that is no ticket.
fn signed(key: &Key, body: &[u8]) -> Vec<u8> {
    let signature = key.secret().sign(Domain::Ticket, body);
    [body, &signature.0].concat()
}

fn lengths(key: &Key) -> Vec<Rejected> {
    let good = ordinary(key).sign(&key.secret());
    let good = good.bytes();
    let large = largest(key).sign(&key.secret());
    let over = [large.bytes(), &[0]].concat();
    assert_eq!(over.len(), MAX_PAYLOAD_BYTES + 1);
    let shown = large.shown_live(&SecretKey::from_seed(&HOLDER_SEED), NOW);
    assert_eq!(shown.len(), MAX_TEXT_DIGITS);
    let longest = digits::decode(shown.as_bytes()).expect("what we write can be read");
    vec![
        not_a_ticket("nothing at all", &[]),
        not_a_ticket("a version byte alone", &[PAYLOAD_VERSION]),
        not_a_ticket("a signature without a body", &good[good.len() - 64..]),
        not_a_ticket("truncated by one byte", &good[..good.len() - 1]),
        Rejected::payload_of(
            "truncated at the front by one byte",
            &good[1..],
            json!({ "unknown_version": { "version": good[1] } }),
        ),
        Rejected::payload_of(
            "seven zero bytes in front: a whole chunk of zeros",
            &[&[0; 7], good].concat(),
            json!({ "unknown_version": { "version": 0 } }),
        ),
        not_a_ticket("extended by one byte", &[good, &[0]].concat()),
        not_a_ticket("extended by one byte in the body, signed", &{
            let (mut body, _) = split(&ordinary(key).sign(&key.secret()));
            body.push(0);
            signed(key, &body)
        }),
        not_a_ticket("one byte longer than the longest payload", &over),
        not_a_ticket(
            "one byte longer than the longest code",
            &[longest.as_slice(), &[0]].concat(),
        ),
    ]
}

/// Bodies that are signed by the right key and still are no tickets.
fn bodies(key: &Key) -> Vec<Rejected> {
    let id = key.public.id().0;
    let with = |version: u8, middle: &[u8]| signed(key, &[&[version][..], &id, middle].concat());
    let version = |version: u8| {
        let payload = with(version, &[5, 1, 2, 1, 0, 0]);
        let told = json!({ "unknown_version": { "version": version } });
        Rejected::payload_of(&format!("version {version}"), &payload, told)
    };
    // Unit, generation, tier, admits, flags, holder.
    let ticket = |name, middle: &[u8]| not_a_ticket(name, &with(PAYLOAD_VERSION, middle));
    vec![
        version(0),
        version(2),
        version(255),
        ticket("admits nobody", &[5, 1, 2, 0, 0, 0]),
        ticket("generation 0", &[5, 0, 2, 1, 0, 0]),
        ticket("an unknown flag bit", &[5, 1, 2, 1, 2, 0]),
        ticket("a known and an unknown flag bit", &[5, 1, 2, 1, 0x81, 0]),
        ticket("unit 5 in three bytes", &[0xfb, 5, 0, 1, 2, 1, 0, 0]),
        ticket("unit 5 in five bytes", &[0xfc, 5, 0, 0, 0, 1, 2, 1, 0, 0]),
        ticket("unit 0 in three bytes", &[0xfb, 0, 0, 1, 2, 1, 0, 0]),
        ticket(
            "unit 4711 in five bytes",
            &[0xfc, 0x67, 0x12, 0, 0, 1, 2, 1, 0, 0],
        ),
        ticket(
            "unit 5 in nine bytes",
            &[0xfd, 5, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0],
        ),
        ticket("unit behind the reserved mark 0xff", &[0xff, 1, 2, 1, 0, 0]),
        ticket("generation 1 in three bytes", &[5, 0xfb, 1, 0, 2, 1, 0, 0]),
        ticket("tier 2 in three bytes", &[5, 1, 0xfb, 2, 0, 1, 0, 0]),
        ticket("tier over 65535", &[5, 1, 0xfc, 0, 0, 1, 0, 1, 0, 0]),
        ticket("option tag 2 for the holder", &[5, 1, 2, 1, 0, 2]),
        ticket("a holder without a key", &[5, 1, 2, 1, 0, 1]),
        ticket(
            "a holder key too short by one byte",
            &[&[5, 1, 2, 1, 0, 1][..], &[9; 31]].concat(),
        ),
    ]
}

/// Each field altered under the signature of the genuine ticket.
fn alterations(key: &Key, other: &Key) -> Vec<Rejected> {
    let genuine = ordinary(key);
    let (_, signature) = split(&genuine.clone().sign(&key.secret()));
    let altered = |change: fn(&mut Ticket)| {
        let mut ticket = genuine.clone();
        change(&mut ticket);
        [encode(&(PAYLOAD_VERSION, ticket)), signature.to_vec()].concat()
    };
    let of_other_key = [
        encode(&(
            PAYLOAD_VERSION,
            Ticket {
                key: other.public.id(),
                ..genuine.clone()
            },
        )),
        signature.to_vec(),
    ]
    .concat();
    vec![
        false_signature(
            "another unit under the old signature",
            &altered(|t| t.unit = Unit(4_712)),
        ),
        false_signature(
            "another generation under the old signature",
            &altered(|t| t.generation.0 = 2),
        ),
        false_signature(
            "another tier under the old signature",
            &altered(|t| t.tier = TierId(1)),
        ),
        false_signature(
            "a larger group under the old signature",
            &altered(|t| t.admits = 2),
        ),
        false_signature(
            "another flag under the old signature",
            &altered(|t| t.flags = TicketFlags::CHECK_ID),
        ),
        false_signature(
            "a holder under the old signature",
            &altered(|t| t.holder = Some(holder())),
        ),
        false_signature("another known key's id under the old signature", &of_other_key),
    ]
}

fn signatures(keys: &[Key]) -> Vec<Rejected> {
    let (current, other) = (&keys[0], &keys[1]);
    let (body, signature) = split(&ordinary(current).sign(&current.secret()));
    let with = |signature: &[u8]| [&body, signature].concat();
    let sign = |key: &Key, domain| with(&key.secret().sign(domain, &body).0);
    let (r, s) = signature.split_at(32);
    let label_and_body = [b"usher/ticket/1\0", body.as_slice()].concat();
    let label_twice = with(&current.secret().sign(Domain::Ticket, &label_and_body).0);
    vec![
        false_signature("signed by another known key", &sign(other, Domain::Ticket)),
        false_signature(
            "signed by a stranger under a known key's id",
            &sign(&keys[6], Domain::Ticket),
        ),
        false_signature("signed as a head", &sign(current, Domain::Head)),
        false_signature("signed with the label twice", &label_twice),
        false_signature("a malleated signature: S + L", &with(&[r, &plus_l(s)].concat())),
        false_signature("S of 32 zero bytes", &with(&[r, &[0; 32]].concat())),
        false_signature("R of small order", &with(&[&[0; 32], s].concat())),
        false_signature("a signature of zeros", &with(&[0; 64])),
        false_signature("a signature of ones", &with(&[0xff; 64])),
        false_signature("R and S exchanged", &with(&[s, r].concat())),
    ]
}

/// Adds the group's order to a scalar, which plain arithmetic would take for the same scalar.
fn plus_l(s: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let sum = s.iter().zip(L).map(|(s, l)| {
        let sum = u16::from(*s) + u16::from(l) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    sum.collect()
}

fn other_keys(keys: &[Key]) -> Vec<Rejected> {
    let of = |name, key: &Key, rejection: Value| {
        Rejected::payload_of(name, ordinary(key).sign(&key.secret()).bytes(), rejection)
    };
    vec![
        of("signed by a struck-out key", &keys[3], json!("struck_key")),
        of(
            "signed by a key whose window has just ended",
            &keys[4],
            json!("key_out_of_window"),
        ),
        of(
            "signed by a key whose window has not begun",
            &keys[5],
            json!("key_out_of_window"),
        ),
        of("signed by a key nobody knows", &keys[6], json!("unknown_key")),
    ]
}

fn held_by(key: &Key, holder: &SecretKey) -> Payload {
    let ticket = Ticket {
        holder: Some(holder.public()),
        ..ordinary(key)
    };
    ticket.sign(&key.secret())
}

fn shown(payload: &Payload, by: &SecretKey, at: Timestamp) -> Vec<u8> {
    let text = payload.shown_live(by, at);
    digits::decode(text.as_bytes()).expect("what we write can be read")
}

/// A live ticket that is not shown live.
fn live(key: &Key) -> Vec<Rejected> {
    let holder = SecretKey::from_seed(&HOLDER_SEED);
    let (ours, other) = (
        held_by(key, &holder),
        held_by(key, &SecretKey::from_seed(&[0x71; 32])),
    );
    let now = shown(&ours, &holder, NOW);
    let moving = &now[ours.bytes().len()..];
    let (shown_at, signature) = moving.split_at(8);
    let of = |name, code: &[u8]| Rejected::payload_of(name, code, json!("not_live"));
    let too_far = LIVE_TOLERANCE_MS + 1;
    let later = (NOW.0 + 1_000).to_le_bytes();
    vec![
        of("a picture of a live ticket without its moving part", ours.bytes()),
        of(
            "shown longer ago than is borne",
            &shown(&ours, &holder, Timestamp(NOW.0 - too_far)),
        ),
        of(
            "shown later than is borne",
            &shown(&ours, &holder, Timestamp(NOW.0 + too_far)),
        ),
        of(
            "shown at the end of time",
            &shown(&ours, &holder, Timestamp::FOREVER),
        ),
        of("shown by another phone", &shown(&ours, &key.secret(), NOW)),
        of(
            "the moving part of another ticket",
            &[other.bytes(), moving].concat(),
        ),
        of(
            "another moment under the old signature",
            &[ours.bytes(), &later, signature].concat(),
        ),
        of("a malleated signature of the phone: S + L", &{
            let (r, s) = signature.split_at(32);
            [ours.bytes(), shown_at, r, &plus_l(s)].concat()
        }),
        not_a_ticket("a moving part that lacks a byte", &now[..now.len() - 1]),
        not_a_ticket(
            "a moving part with a byte too many",
            &[now.as_slice(), &[0]].concat(),
        ),
        not_a_ticket("a moving part behind a ticket without a holder", &{
            let plain = ordinary(key).sign(&key.secret());
            shown(&plain, &holder, NOW)
        }),
        false_signature("a moving part behind an altered ticket", &{
            let mut altered = now.clone();
            altered[6] ^= 1;
            altered
        }),
    ]
}

/// Texts that people, keyboards and phones make of a good one.
fn spellings(key: &Key) -> Vec<Rejected> {
    let payload: Payload = ordinary(key).sign(&key.secret());
    let good = payload.to_text();
    let of = |name: &str, text: String| Rejected::text_of(name, text);
    let replaced = |at: usize, with: &str| format!("{}{with}{}", &good[..at], &good[at + 1..]);
    vec![
        of("a space in front", format!(" {good}")),
        of("a space behind", format!("{good} ")),
        of("a space within", format!("{} {}", &good[..17], &good[17..])),
        of("a space for a digit", replaced(3, " ")),
        of("a newline behind", format!("{good}\n")),
        of("a carriage return and newline behind", format!("{good}\r\n")),
        of("a tab in front", format!("\t{good}")),
        of("a NUL behind", format!("{good}\0")),
        of("a plus sign in front", format!("+{good}")),
        of("a minus sign in front", format!("-{good}")),
        of("a plus sign for a digit", replaced(17, "+")),
        of("a leading zero", format!("0{good}")),
        of("a digit appended", format!("{good}0")),
        of("three digits appended", format!("{good}000")),
        of("the last digit dropped", good[..good.len() - 1].to_owned()),
        of("the first digit dropped", good[1..].to_owned()),
        of("the last chunk dropped", good[..good.len() - 17].to_owned()),
        of("a letter for a digit", replaced(20, "O")),
        of("an exponent", replaced(20, "e")),
        of("a decimal point", replaced(20, ".")),
        of("a thousands separator", replaced(20, ",")),
        of("an Arabic-Indic digit", replaced(20, "\u{0663}")),
        of("a full-width digit", replaced(20, "\u{ff13}")),
        of("a superscript digit", replaced(20, "\u{00b3}")),
        of("a byte order mark in front", format!("\u{feff}{good}")),
        of("twice in a row", format!("{good}{good}")),
        of("the payload in hexadecimal", super::file::hex(payload.bytes())),
        of("inside an address", format!("https://tickets.example/{good}")),
        Rejected::bytes_of(
            "bytes that are not UTF-8",
            &[good.as_bytes(), &[0xff, 0xfe]].concat(),
        ),
    ]
}

/// Digit strings that no bytes are written as.
fn numbers(key: &Key) -> Vec<Rejected> {
    let good = ordinary(key).sign(&key.secret()).to_text();
    let short = Ticket {
        unit: Unit(0),
        ..ordinary(key)
    };
    // 75 bytes: ten whole chunks and one of 5 bytes in 13 digits.
    let short = short.sign(&key.secret()).to_text();
    let large = largest(key).sign(&key.secret());
    let large = large.shown_live(&SecretKey::from_seed(&HOLDER_SEED), NOW);
    let of = |name: &str, text: String| Rejected::text_of(name, text);
    let first = |digits: &str| format!("{digits}{}", &good[17..]);
    let last = |digits: &str| format!("{}{digits}", &short[..170]);
    let mut all = vec![
        of("no digits at all", String::new()),
        of("a chunk of 7 bytes worth 2^56", first("72057594037927936")),
        of(
            "a chunk of 7 bytes worth the most digits",
            first("99999999999999999"),
        ),
        of("a last chunk of 5 bytes worth 2^40", last("1099511627776")),
        of(
            "a last chunk of 5 bytes worth the most digits",
            last("9999999999999"),
        ),
        of("one digit more than the longest text", format!("{large}0")),
        of("ten thousand zeros", "0".repeat(10_000)),
    ];
    // A last chunk has 3, 5, 8, 10, 13 or 15 digits, for 1 to 6 bytes.
    for rest in [1, 2, 4, 6, 7, 9, 11, 12, 14, 16] {
        let text = format!("{}{}", &good[..170], "0".repeat(rest));
        all.push(of(&format!("a last chunk of {rest} digits"), text));
    }
    for (bytes, limit) in [
        (1, "256"),
        (2, "65536"),
        (3, "16777216"),
        (4, "4294967296"),
        (6, "281474976710656"),
    ] {
        let name = format!("a last chunk of {bytes} bytes worth 2^{}", 8 * bytes);
        all.push(of(&name, format!("{}{limit}", &good[..170])));
    }
    all
}
