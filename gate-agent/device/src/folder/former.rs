//! Earlier enrolments of a device for the event it works for; which they are is the folder's to say.

use crate::directory::DataDirectory;
use crate::replica::Replica;

/// Takes over what earlier enrolments for the event wrote down.
///
/// What cannot be read stays where it is, and is said: the device works without it.
pub async fn inherit(replica: &Replica, former: &[DataDirectory]) {
    for directory in former {
        let from = directory.path().display();
        match replica.inherit(&directory.replica_path()).await {
            Ok(0) => {}
            Ok(records) => tracing::info!(%from, records, "records of an earlier enrolment were taken over"),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(%from, error, "the records of an earlier enrolment cannot be read");
            }
        }
    }
}
