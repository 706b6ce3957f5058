//! Following the lines of each organizer's acts from the first to the last.

use crate::acts::{ActHash, LinePlace};
use crate::ids::OrganizerId;
use crate::store::StoreError;
use crate::store::acts::ActsQuery;
use crate::store::finding::Finding;
use crate::store::operations::acts;
use crate::store::sql::Sql;

/// Lines that are read at a time.
const PAGE: u32 = 10_000;

/// What was looked at of one organizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedOrganizer {
    /// The organizer.
    pub organizer: OrganizerId,
    /// The lines of its acts.
    pub acts: u64,
    /// The hash of the last one: whoever noted an earlier one finds it in the export.
    pub last: ActHash,
}

/// Checks the acts of every organizer.
///
/// # Errors
///
/// [`StoreError`].
pub fn check(connection: &Sql<'_>, findings: &mut Vec<Finding>) -> Result<Vec<AuditedOrganizer>, StoreError> {
    let organizers: Vec<_> = connection
        .prepare_cached("SELECT organizer_id FROM organizers ORDER BY organizer_id")?
        .query_map([], |row| row.get(0).map(OrganizerId))?
        .collect::<Result<_, _>>()?;
    let audited = organizers.into_iter();
    audited
        .map(|organizer| of_organizer(connection, organizer, findings))
        .collect()
}

/// Follows the lines of one organizer, and names the first that does not follow the one before.
fn of_organizer(
    connection: &Sql<'_>,
    organizer: OrganizerId,
    findings: &mut Vec<Finding>,
) -> Result<AuditedOrganizer, StoreError> {
    let (mut place, mut after, mut wrong) = (LinePlace::first(organizer), 0, None);
    loop {
        let query = ActsQuery {
            organizer,
            after,
            limit: PAGE,
        };
        let lines = acts::acts(connection, &query)?;
        for (seq, line) in &lines {
            if *seq != place.seq || !place.is_of(line) {
                wrong.get_or_insert(place.seq);
            }
            place = place.next(line);
        }
        // A damaged index could give the same page for ever.
        match lines.last() {
            Some((seq, _)) if *seq > after => after = *seq,
            Some(_) | None => break,
        }
    }
    findings.extend(wrong.map(|seq| Finding::Act { organizer, seq }));
    Ok(AuditedOrganizer {
        organizer,
        acts: place.seq - 1,
        last: place.previous,
    })
}
