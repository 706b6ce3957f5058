//! Records and their bytes, for every variant and for bytes that are no record.

use proptest::prelude::*;

use super::*;
use crate::rehearsal::bodies::{by_authority, by_device};

proptest! {
    #[test]
    fn every_record_comes_back_from_its_bytes(body in prop_oneof![by_authority(), by_device()], ms: u64, count: u32) {
        let record = Record { hlc: Hlc { ms, count }, body };
        prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn what_reads_as_a_record_is_what_would_be_written(
        body in prop_oneof![by_authority(), by_device()], at: prop::sample::Index, to: u8,
    ) {
        let record = Record { hlc: Hlc { ms: 1_800_000_000_000, count: 0 }, body };
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
    let record = Record {
        hlc: Hlc::default(),
        body: Body::Roster {
            epoch: 1,
            hubs: vec![PublicKey([1; 32]); MAX_RECORD_BYTES / 32],
        },
    };
    assert_eq!(Record::from_bytes(&record.to_bytes()), Err(CodecError::Malformed));
}
