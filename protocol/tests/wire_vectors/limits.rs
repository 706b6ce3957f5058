//! Holds the limits that docs/PROTOCOL.md tells to those of the code.

use usher_keys::{bundle, certificate, enrolment};
use usher_protocol::ledger::{
    MAX_DEVICE_BYTES, MAX_DEVICE_RECORDS, MAX_STORED_LOGS, MAX_UNVOUCHED_LOGS, MAX_UNVOUCHED_OF_ISSUER,
    ruling,
};
use usher_protocol::state::units;
use usher_protocol::sync::{MAX_FRAME_BYTES, MAX_LOGS, outbox, parts, session};
use usher_protocol::{archive, checkpoint, ident, labels, log, policy, record, request, ticket};

use super::page::PAGE;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What is limited, by how much, and the unit in which the page tells it.
const SIZES: [(&str, usize, usize, &str); 23] = [
    ("signed bundle: bundle", bundle::MAX_BUNDLE_BYTES, KIB, " KiB"),
    ("roots, and signatures looked at", bundle::MAX_ROOTS, 1, ""),
    ("keys of one kind in a bundle", bundle::MAX_KEYS, 1, ""),
    ("device name", certificate::MAX_NAME_BYTES, 1, " bytes"),
    ("gates in a certificate", certificate::MAX_GATES, 1, ""),
    (
        "enrolment: code, before its text",
        enrolment::MAX_CODE_BYTES,
        1,
        " bytes",
    ),
    ("enrolment: URL", enrolment::MAX_URL_BYTES, 1, " bytes"),
    ("enrolment: uplinks in a grant", enrolment::MAX_UPLINKS, 1, ""),
    ("record", record::MAX_RECORD_BYTES, KIB, " KiB"),
    ("windows of a tier", policy::MAX_WINDOWS, 1, ""),
    (
        "unit labels, as a cloud writes them",
        labels::MAX_LABELS_BYTES,
        KIB,
        " KiB",
    ),
    (
        "records in a run, between two kept heads, and links of a fork proof",
        log::MAX_RUN_RECORDS,
        1,
        "",
    ),
    (
        "record bytes between two kept heads",
        log::MAX_RUN_BYTES,
        KIB,
        " KiB",
    ),
    (
        "passages of one unit in one log that count",
        units::MAX_PASSAGES_OF_LOG,
        1,
        "",
    ),
    ("logs that are kept", MAX_STORED_LOGS, 1, ""),
    (
        "logs of devices by one issuer that the authority does not vouch for",
        MAX_UNVOUCHED_OF_ISSUER,
        1,
        "",
    ),
    (
        "logs of devices that the authority does not vouch for",
        MAX_UNVOUCHED_LOGS,
        1,
        "",
    ),
    (
        "devices that the authority vouches for",
        ruling::MAX_VOUCHED_DEVICES,
        1,
        "",
    ),
    (
        "devices of one hub that the authority vouches for",
        ruling::MAX_VOUCHED_OF_HUB,
        1,
        "",
    ),
    ("checkpoint", checkpoint::MAX_CHECKPOINT_BYTES, MIB, " MiB"),
    ("part of a checkpoint", parts::PART_BYTES, KIB, " KiB"),
    ("frame of a session", MAX_FRAME_BYTES, MIB, " MiB"),
    ("logs a peer may name", MAX_LOGS, 1, ""),
];

/// Times in milliseconds.
const TIMES: [(&str, u64, u64, &str); 6] = [
    (
        "moment a live ticket was shown, from the gate's clock",
        ticket::live::LIVE_TOLERANCE_MS,
        1_000,
        " s",
    ),
    (
        "how far another's clock may pull ours ahead",
        ident::MAX_CLOCK_PULL_MS,
        60_000,
        " min",
    ),
    (
        "how long after its certificate's end a device's records count",
        ident::MAX_SKEW_MS,
        3_600_000,
        " h",
    ),
    ("wait before a run is sent again", outbox::RESEND_MS, 1_000, " s"),
    ("beat", session::BEAT_MS, 1_000, " s"),
    ("silence before Bye", session::SILENCE_MS, 1_000, " s"),
];

/// Returns what the page says of a limit.
#[track_caller]
fn limit_of(what: &str) -> &'static str {
    let row = format!("\n| {what} | ");
    let (_, limits) = PAGE.split_once("\n## Limits\n").unwrap();
    let (_, rest) = limits
        .split_once(row.as_str())
        .unwrap_or_else(|| panic!("no limit {what:?}"));
    rest.split_once(" |\n").unwrap().0
}

/// Checks numbers with their unit, several of them apart by commas.
#[track_caller]
fn check_limit(what: &str, limits: &[u64], unit: &str) {
    let grouped = |number: u64| {
        let digits = number.to_string();
        let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().collect();
        let groups = groups.iter().map(|group| std::str::from_utf8(group).unwrap());
        groups.collect::<Vec<_>>().join(",")
    };
    let numbers = limits.iter().map(|limit| grouped(*limit)).collect::<Vec<_>>();
    let told = format!("{}{unit}", numbers.join(", "));
    assert_eq!(limit_of(what), told, "{what}");
}

#[test]
fn limits_on_the_page_are_those_of_the_code() {
    for (what, limit, unit, words) in SIZES {
        check_limit(what, &[(limit / unit) as u64], words);
    }
    for (what, ms, unit, words) in TIMES {
        check_limit(what, &[ms / unit], words);
    }
    let (bytes, digits) = (
        ticket::MAX_PAYLOAD_BYTES,
        ticket::digits::encoded_len(ticket::MAX_PAYLOAD_BYTES),
    );
    assert_eq!(
        limit_of("ticket payload"),
        format!("{bytes} bytes, {digits} digits")
    );
    let live = bytes + ticket::live::LIVE_PART_BYTES;
    assert_eq!(
        limit_of("live ticket"),
        format!("{live} bytes, {} digits", ticket::MAX_TEXT_DIGITS)
    );
    check_limit("records of a device's log", &[MAX_DEVICE_RECORDS], "");
    check_limit(
        "bytes of the records of a device's log",
        &[MAX_DEVICE_BYTES >> 30],
        " GiB",
    );
    check_limit(
        "runs without acknowledgement",
        &[outbox::MAX_RUNS_IN_FLIGHT as u64],
        "",
    );
    check_limit(
        "supervisor's name, reason of an override",
        &[record::MAX_WORDS_BYTES as u64],
        " bytes each",
    );
    check_limit(
        "zones, gates, tiers of a policy",
        &[policy::MAX_PARTS as u64],
        " each",
    );
    check_limit(
        "request or answer",
        &[(request::MAX_REQUEST_BYTES / KIB) as u64],
        " KiB",
    );
    check_limit(
        "hubs told of at once, and the address of each",
        &[request::MAX_HUBS_TOLD as u64, request::MAX_ADDRESS_BYTES as u64],
        " bytes",
    );
    check_limit(
        "missing records from which on a fresh peer gets a checkpoint",
        &[session::CHECKPOINT_LAG],
        "",
    );
}

#[test]
fn the_limit_of_an_archives_part_on_the_page_is_that_of_the_code() {
    let whole = checkpoint::MAX_CHECKPOINT_BYTES;
    let beyond = (archive::MAX_PART_BYTES - whole) / KIB;
    let told = format!("{} MiB and {beyond} KiB", whole / MIB);
    assert_eq!(limit_of("part of an archive"), told);
}
