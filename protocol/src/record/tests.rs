//! Records and their bytes, for every variant and for bytes that are no record.

use proptest::prelude::*;

use super::*;
use crate::rehearsal::bodies::{by_authority, by_device};

proptest! {
    #[test]
    fn every_record_comes_back_from_its_bytes(body in prop_oneof![by_authority(), by_device()], ms: u64, count: u32) {
        let record = Record::new(Hlc { ms, count }, body);
        prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn what_reads_as_a_record_is_what_would_be_written(
        body in prop_oneof![by_authority(), by_device()], at: prop::sample::Index, to: u8,
    ) {
        let record = Record::new(Hlc { ms: 1_800_000_000_000, count: 0 }, body);
        let mut bytes = record.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = Record::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::from_bytes(&bytes);
    }
}

#[test]
fn a_record_over_the_limit_is_refused() {
    let hubs = vec![PublicKey([1; 32]); MAX_RECORD_BYTES / 32];
    let record = Record::new(Hlc::default(), Body::Roster { epoch: 1, hubs });
    let malformed = Unread::Malformed(CodecError::Malformed);
    assert_eq!(Record::from_bytes(&record.to_bytes()), Err(malformed));
}

/// The front of a record of a kind, and what a later version might put behind it.
fn of_kind(kind: u32, critical: bool) -> Vec<u8> {
    let hlc = Hlc { ms: 7, count: 1 };
    let mut bytes = codec::encode(&Front { hlc, critical, kind });
    bytes.extend_from_slice(b"what nobody knows yet");
    bytes
}

#[test]
fn a_record_of_a_later_kind_is_known_as_such_with_its_time_and_weight() {
    let hlc = Hlc { ms: 7, count: 1 };
    for critical in [true, false] {
        for kind in [KINDS, KINDS + 1, u32::MAX] {
            let later = Unread::Later { hlc, critical };
            assert_eq!(Record::from_bytes(&of_kind(kind, critical)), Err(later));
        }
        let known = Record::from_bytes(&of_kind(KINDS - 1, critical));
        assert!(matches!(known, Err(Unread::Malformed(_))), "{known:?}");
    }
}

#[test]
fn a_known_kind_that_weighs_itself_wrongly_is_no_record() {
    let hlc = Hlc { ms: 7, count: 1 };
    let adopted = Body::RosterAdopted {
        epoch: 1,
        roster: [0; 32],
    };
    for body in [Body::Restated, adopted] {
        let mut record = Record::new(hlc, body);
        record.critical = !record.critical;
        let malformed = Unread::Malformed(CodecError::NotCanonical);
        assert_eq!(Record::from_bytes(&record.to_bytes()), Err(malformed));
    }
}
