//! What PostgreSQL is told while an event is taken along.

use super::*;
use crate::store::contract::case::Case;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_event_has_more_time_on_postgres_than_what_buyers_ask_for_and_only_in_its_transaction() {
    let case = Case::on_postgres().await;
    let engine = case.store.engine();
    let bounds = |is_patient: bool| {
        let engine = engine.clone();
        async move {
            let asked = engine.write(Some(case.event), move |connection| {
                if is_patient {
                    connection.be_patient()?;
                }
                let sql = "SELECT current_setting('idle_in_transaction_session_timeout') || ' '
                                  || current_setting('statement_timeout')";
                let told: String = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
                // A group that has changed nothing is rolled back: the setting goes with a commit as well.
                connection
                    .prepare_cached("UPDATE events SET name = name WHERE event_id = ?1")?
                    .execute([case.event.0])?;
                Ok(Effect::Keep(told))
            });
            asked.await.unwrap()
        }
    };
    assert_eq!(bounds(true).await, "10min 10min");
    assert_eq!(bounds(false).await, "10s 30s");
}
