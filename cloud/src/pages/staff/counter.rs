//! `/staff/events/{event_id}/counter`: the box office's own page, which sells for cash or by card and leads to the tickets to print.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use usher_keys::EventId;
use usher_words::console::counter::{CounterWords, counter};
use usher_words::problems::{Missing, ProblemKind};

use crate::acts::Actor;
use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::logged_in::LoggedIn;
use crate::catalogue::OccupancyQuery;
use crate::ids::TillId;
use crate::money::Money;
use crate::rights::Operation;
use crate::state::AppState;

use super::super::{PageError, page};

#[derive(Template)]
#[template(path = "counter.html")]
struct CounterPage {
    event_id: EventId,
    event: String,
    currency: String,
    /// How many decimals its amounts have, for the script.
    decimals: usize,
    form_token: String,
    /// What its script says, by its names, as JSON that ends no script.
    words: String,
    /// The till that whoever is logged in has open, and what it is called.
    till: Option<(TillId, String)>,
    /// Id, name, price and free places of each tier.
    tiers: Vec<(u16, String, String, u32)>,
}

/// Shows the counter of an event to whoever may sell there.
pub async fn show(
    State(app): State<Arc<AppState>>,
    logged_in: LoggedIn,
    Id(id): Id<EventId>,
) -> Result<Response, PageError> {
    let session = &logged_in.session;
    if !session.role.may(Operation::SellAtCounter) {
        return Err(ProblemKind::NotAllowed.into());
    }
    let event = app.store.event(id).await?;
    let event = event.filter(|event| event.organizer == session.organizer);
    let event = event.ok_or(ApiError::NotFound(Missing::OwnEvent))?;
    let now = app.clock.now();
    let counts = app
        .store
        .occupancy(OccupancyQuery { event: id, now })
        .await?
        .tiers;
    let event = event.priced(&counts, now);
    let own = Actor::Staff(session.staff).to_string();
    let tills = app.store.tills(id).await?;
    let open = tills
        .into_iter()
        .find(|till| till.opened_by == own && till.count.is_none());
    let tiers = event.tiers.iter().map(|tier| {
        let count = counts.iter().find(|count| count.tier == tier.id);
        let price = Money {
            minor: tier.charged().price,
            currency: event.currency,
        };
        let free = count.map_or(0, |count| count.available);
        (tier.id.0, tier.name.clone(), price.to_string(), free)
    });
    page(&CounterPage {
        event_id: id,
        tiers: tiers.collect(),
        event: event.name.clone(),
        currency: event.currency.code().to_owned(),
        decimals: event.currency.decimals(),
        form_token: logged_in.form_token.clone(),
        words: words(),
        till: open.map(|till| (till.id, till.name)),
    })
}

fn words() -> String {
    let all = CounterWords::ALL.map(|words| (words.key().to_owned(), Value::from(counter(words))));
    Value::Object(all.into_iter().collect())
        .to_string()
        .replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_counter_has_a_sentence_for_all_that_its_script_says_and_says_all_of_them() {
        let script = include_str!("../../../assets/counter.js");
        let asked = script.split("worded(\"").skip(1);
        let asked: BTreeSet<_> = asked.filter_map(|rest| rest.split('"').next()).collect();
        let known: BTreeSet<_> = CounterWords::ALL.map(CounterWords::key).into();
        assert_eq!(asked, known);
        // Its other texts are names: none of them is a sentence.
        let sentence = |text: &&str| text.contains(' ') && text.ends_with('.');
        assert_eq!(script.split('"').skip(1).step_by(2).find(sentence), None);
    }
}
