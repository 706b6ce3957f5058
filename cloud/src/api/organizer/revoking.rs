//! Revoking a device, retiring a hub, and saying which history of a copied device counts; the answer says what follows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::PublicKey;
use usher_words::organizer::revoking::{Consequence, SETTLED, consequence};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::authority::writer::{
    Consequences, ForkHistory, RetireOutcome, Revocation, RevokeOutcome, SettleOutcome, Since,
};
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;

use super::devices::DeviceKey;
use super::names::{DeviceName, Names};
use super::owned::PartOfOwnEvent;

/// From when on a device is not believed, and who goes with it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RevokeParams {
    /// What the device wrote from then on, by the times that lists of its scans tell, counts for nothing; without it, all that is
    /// known so far counts. Said again with another time, it moves what counts.
    #[param(value_type = Option<String>, format = DateTime, example = "2027-06-04T18:00:00Z")]
    since: Option<Moment>,
    /// Whether the scanners that this hub enrolled are shut out too.
    #[serde(default)]
    with_scanners: bool,
}

impl RevokeParams {
    /// Says that all that is known so far counts.
    pub fn now(with_scanners: bool) -> Self {
        let since = None;
        Self { since, with_scanners }
    }
}

/// What follows from shutting a device out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsequencesView {
    /// The last record of its log that counts. Missing for a retired hub, whose whole log counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4711)]
    pub counts_up_to: Option<u64>,
    /// How many of its records that are known lie beyond and count for nothing.
    #[schema(example = 12)]
    pub records_beyond: u64,
    /// How many of those are dated earlier than `since`: this device's clock was ahead before, or somebody wrote false times.
    #[schema(example = 0)]
    pub dated_earlier: u64,
    /// The scanners it enrolled that go on. They learn of other hubs while they run; one that never did needs to be told of one.
    pub scanners_kept: Vec<DeviceName>,
    /// The scanners it enrolled that nobody believes any more, because the cloud never vouched for them: enrol them anew.
    pub scanners_orphaned: Vec<DeviceName>,
    /// The scanners it enrolled that are shut out with it: enrol them anew.
    pub scanners_revoked: Vec<DeviceName>,
    /// The hubs that share its places from now on. A place it decided waits, under strict policy, until this hub is
    /// retired or has said itself that it stepped back.
    pub hubs_left: Vec<DeviceName>,
    /// All of it in sentences.
    pub words: Vec<String>,
}

/// Shuts a device out: whoever has heard of it talks to it no more. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/devices/{device}/revoke", tag = "devices",
    params(("event_id" = String, Path), ("device" = String, Path), RevokeParams),
    security(("organizer_key" = [])), responses(
    (status = 200, body = ConsequencesView, description = "Revoked, now or before"),
    (status = 409, description = "No trust bundle yet, or no key may sign"),
))]
pub async fn revoke(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, DeviceKey(device), _): PartOfOwnEvent<may::RevokeDevice, DeviceKey>,
    Params(params): Params<RevokeParams>,
) -> Result<Json<ConsequencesView>, ApiError> {
    let id = event.id;
    let authority = app.authorities.of(id)?;
    let request = Revocation {
        device,
        since: params.since.map_or(Since::Now, |Moment(then)| Since::Then(then)),
        with_scanners: params.with_scanners,
    };
    let revoked = authority.ask(move |writer| Box::pin(writer.revoke_device(request)));
    match revoked.await? {
        RevokeOutcome::NotFound => Err(ApiError::NotFound(Missing::Device)),
        RevokeOutcome::Revoked(follows) => {
            let names = Names::of(event, &authority, Vec::new()).await?;
            Ok(Json(view(device, follows, &names)))
        }
    }
}

/// Vouches for the end of a hub.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"it_will_never_admit_again": true}))]
pub struct RetireRequest {
    /// Must be true: a person has made sure that this hub will never admit anyone again. Other hubs take over its units
    /// at once, and if it goes on admitting, people get in twice.
    pub it_will_never_admit_again: bool,
}

/// Retires a hub for good, so that other hubs take over its units at once. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/hubs/{device}/retire", tag = "devices",
    params(("event_id" = String, Path), ("device" = String, Path)), request_body = RetireRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = ConsequencesView, description = "Retired, now or before"),
    (status = 409, description = "No trust bundle yet, or no key may sign"),
    (status = 422, description = "It was not confirmed"),
))]
pub async fn retire(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, DeviceKey(hub), _): PartOfOwnEvent<may::RetireHub, DeviceKey>,
    JsonBody(request): JsonBody<RetireRequest>,
) -> Result<Json<ConsequencesView>, ApiError> {
    let id = event.id;
    let mut checks = Checks::default();
    let pointer = "/it_will_never_admit_again";
    checks.require(
        request.it_will_never_admit_again,
        pointer,
        "must be true, and must be so",
    );
    checks.finish()?;
    let authority = app.authorities.of(id)?;
    let retired = authority.ask(move |writer| Box::pin(writer.retire_hub(hub)));
    match retired.await? {
        RetireOutcome::NotFound => Err(ApiError::NotFound(Missing::Hub)),
        RetireOutcome::Retired(follows) => {
            let names = Names::of(event, &authority, Vec::new()).await?;
            Ok(Json(view(hub, follows, &names)))
        }
    }
}

/// Says which of two histories counts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"history": "held"}))]
pub struct SettleRequest {
    /// `held` for the history that this server holds, `other` for the one it refused.
    #[schema(value_type = String, example = "held")]
    history: HistoryName,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HistoryName {
    Held,
    Other,
}

/// Where the history that counts passes.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettledView {
    /// The number of a record at which the two histories differ.
    #[schema(example = 4711)]
    pub record: u64,
    /// What follows, in a sentence.
    pub words: String,
}

/// Says which history of a copied or restored device counts. Everyone goes by it; the device goes on from its end, and what
/// only the other history holds counts for nothing.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/devices/{device}/settle", tag = "devices",
    params(("event_id" = String, Path), ("device" = String, Path)), request_body = SettleRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = SettledView),
    (status = 409, description = "It has one history only, or no key may sign"),
))]
pub async fn settle(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, DeviceKey(device), _): PartOfOwnEvent<may::SettleFork, DeviceKey>,
    JsonBody(request): JsonBody<SettleRequest>,
) -> Result<Json<SettledView>, ApiError> {
    let id = event.id;
    let history = match request.history {
        HistoryName::Held => ForkHistory::Held,
        HistoryName::Other => ForkHistory::Other,
    };
    let authority = app.authorities.of(id)?;
    let settled = authority.ask(move |writer| Box::pin(writer.settle_fork(device, history)));
    match settled.await? {
        SettleOutcome::NotForked => Err(ProblemKind::NotForked.into()),
        SettleOutcome::Settled(tail) => Ok(Json(SettledView {
            record: tail.seq.0,
            words: SETTLED.to_owned(),
        })),
    }
}

fn view(device: PublicKey, follows: Consequences, names: &Names) -> ConsequencesView {
    let named = |keys: &[PublicKey]| keys.iter().map(|key| names.device(*key)).collect::<Vec<_>>();
    ConsequencesView {
        counts_up_to: follows.counts_up_to.map(|seq| seq.0),
        records_beyond: follows.records_beyond,
        dated_earlier: follows.dated_earlier,
        words: words(&names.device(device).name, &follows),
        scanners_kept: named(&follows.scanners_kept),
        scanners_orphaned: named(&follows.scanners_orphaned),
        scanners_revoked: named(&follows.scanners_revoked),
        hubs_left: named(&follows.hubs_left),
    }
}

fn words(name: &str, follows: &Consequences) -> Vec<String> {
    let first = match follows.counts_up_to {
        Some(seq) => Consequence::Revoked {
            name,
            counts_up_to: seq.0,
        },
        None => Consequence::Retired { name },
    };
    let kept = follows.scanners_kept.len();
    let shut_out = follows.scanners_revoked.len() + follows.scanners_orphaned.len();
    let (beyond, earlier) = (follows.records_beyond, follows.dated_earlier);
    let all = [
        (true, first),
        (beyond > 0, Consequence::Beyond { records: beyond }),
        (earlier > 0, Consequence::DatedEarlier { records: earlier }),
        (follows.hubs_left.is_empty(), Consequence::NoHubLeft),
        (kept > 0, Consequence::ScannersKept { count: kept }),
        (shut_out > 0, Consequence::ScannersShutOut { count: shut_out }),
    ];
    let said = all.into_iter().filter(|(is_so, _)| *is_so);
    said.map(|(_, follows)| consequence(follows)).collect()
}
