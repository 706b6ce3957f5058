//! What an event's offline roots are still to sign, for its organizer: which keys, and the commands that do it.

use serde::Serialize;
use usher_keys::{EventId, Purpose, Timestamp, TrustBundle};
use usher_words::organizer::{SigningDue, signing_due};
use utoipa::ToSchema;

use crate::authority::keys_wanted_until;
use crate::catalogue::EventStatus;
use crate::moment::Moment;
use crate::moving::{self, EarlyKey, ToSign};
use crate::state::AppState;

/// How the commands ask as the organizer, whose API key is in `KEY`.
const CURL: &str = "curl -s -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json'";

/// What the offline roots are still to sign. While it is the key in use, nothing is sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToSignView {
    /// Why, in a sentence.
    pub why: String,
    /// The keys that end before the event needs them no more; none when the next ticket key is missing.
    pub keys: Vec<EarlyKeyView>,
    /// The commands that fetch what is to be signed, on any machine.
    pub fetch: Vec<String>,
    /// The command that signs it, on the machine of the root.
    #[schema(
        example = "usher-keys extend --root root.pem --bundle bundle.json --until 2027-12-05T05:00:00Z --out bundle-2.json"
    )]
    pub command: String,
    /// The command that hands it in. Several roots: let the others add theirs with `usher-keys cosign` before.
    pub hand_in: String,
    /// How many roots must sign.
    pub signatures: u8,
}

/// A key that ends before the event needs it no more.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlyKeyView {
    /// `ticket`, `authority` or `issuing`.
    #[schema(value_type = String, example = "ticket")]
    pub purpose: Purpose,
    /// Its short name.
    #[schema(example = "9f3b01c4")]
    pub key: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub until: Moment,
}

impl From<&EarlyKey> for EarlyKeyView {
    fn from(key: &EarlyKey) -> Self {
        Self {
            purpose: key.purpose,
            key: key.id.to_string(),
            until: Moment(key.until),
        }
    }
}

impl ToSignView {
    /// Returns what is to be signed for an event as it is now; nothing for one without a trust bundle, which is not on sale.
    pub fn of(app: &AppState, event: (EventId, EventStatus), ends_at: Timestamp) -> Option<Self> {
        let trust = app.authorities.of(event.0).ok()?.view().trust();
        Self::for_end(app, event, (trust.bundle(), ends_at))
    }

    /// Returns what would be to be signed if the event ended then.
    pub fn for_end(
        app: &AppState,
        event: (EventId, EventStatus),
        (bundle, ends_at): (&TrustBundle, Timestamp),
    ) -> Option<Self> {
        let now = app.clock.now();
        // What is over needs no keys any more, and what is moved is not over.
        let to_sign = moving::to_sign(bundle, ends_at).filter(|_| now < ends_at)?;
        let path = app.link(&format!("/v1/organizer/events/{}", event.0));
        let out = format!("bundle-{}.json", bundle.version.saturating_add(1));
        let signed = |command: &str, rest: &str| {
            format!("usher-keys {command} --root root.pem --bundle bundle.json {rest} --out {out}")
        };
        let hand_in = format!("{CURL} -X PUT {path}/trust-bundle -d @{out}");
        let mut fetch: Vec<_> = fetch_bundle(app, event).into_iter().collect();
        let (why, keys, command) = match to_sign {
            ToSign::NextTicketKey => {
                fetch.push(format!("{CURL} -X POST {path}/key-request -o request.json"));
                (
                    SigningDue::NextTicketKey,
                    Vec::new(),
                    signed("rotate", "--request request.json"),
                )
            }
            ToSign::LaterEnds(keys) => {
                let wanted = whole_seconds(keys_wanted_until(ends_at, now));
                let keys = keys.iter().map(Into::into).collect();
                (
                    SigningDue::LaterEnds,
                    keys,
                    signed("extend", &format!("--until {}", Moment(wanted))),
                )
            }
        };
        Some(Self {
            why: signing_due(why).to_owned(),
            keys,
            fetch,
            command,
            hand_in,
            signatures: bundle.roots.threshold,
        })
    }
}

/// Returns the command that fetches the bundle; of a draft only its organizer has it.
fn fetch_bundle(app: &AppState, (event, status): (EventId, EventStatus)) -> Option<String> {
    let keys = app.link(&format!("/v1/events/{event}/keys"));
    (status == EventStatus::Published).then(|| format!("curl -s {keys} -o bundle.json"))
}

/// Cuts a point in time to whole seconds, which is what `usher-keys` reads.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp(at.0 / 1000 * 1000)
}
