//! Which of the records that the store holds are of scans.

use usher_protocol::dating::Dating;
use usher_protocol::record::Record;
use usher_protocol::scans::WrittenScan;

use crate::store::authority::StoredRecord;

/// Reads those of these records that are of scans.
pub fn read_all(stored: &[StoredRecord]) -> Vec<WrittenScan> {
    let mut dating = Dating::default();
    let scans = stored.iter().filter_map(|stored| {
        let record = Record::from_bytes(&stored.entry.bytes).ok()?;
        WrittenScan::read(stored.entry.origin, record, &mut dating)
    });
    scans.collect()
}
