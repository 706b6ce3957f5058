//! `/console/events/{event_id}/blocks`: places that are set aside, and put on sale again.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use usher_protocol::TierId;
use usher_words::problems::Missing;

use crate::api::claims::TierRequest;
use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::blocks::{self, BlockReleaseRequest, BlockRequest, BlockView, MAX_BLOCKED};
use crate::api::organizer::owned::{OwnEvent, PartOfOwnEvent};
use crate::catalogue::Event;
use crate::ids::{BlockId, draw};
use crate::local_time::day_and_time;
use crate::rights::{Operation, may};
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, done, shown};
use super::frame::ConsoleFrame;

/// Where a number of places of a tier is in a form: the tier's number follows.
const FIELD: &str = "tier_";

#[derive(Template)]
#[template(path = "console/blocks.html")]
struct BlocksPage {
    frame: ConsoleFrame,
    path: String,
    blocks: Vec<BlockCard>,
    /// Number and name of each tier.
    tiers: Vec<(u16, String)>,
    most: u32,
    may_change: bool,
    may_give: bool,
    has_mail: bool,
    /// What makes a list of guests that is sent twice one list.
    guest_key: String,
    list_key: String,
}

/// What a page says of a block.
struct BlockCard {
    id: String,
    name: String,
    since: String,
    /// Number and name of each tier, and how many of its places are in it.
    tiers: Vec<(u16, String, usize)>,
}

impl BlockCard {
    fn of(view: BlockView, event: &Event) -> Self {
        let named = |tier: u16| event.tier(TierId(tier)).map(|tier| tier.name.clone());
        let tiers = view.tiers.iter();
        let tiers = tiers.map(|of| (of.tier, named(of.tier).unwrap_or_default(), of.quantity));
        let at = view.created_at.0;
        Self {
            id: view.block_id.to_string(),
            tiers: tiers.collect(),
            since: day_and_time(at, event.policy.offset_at(at)),
            name: view.name,
        }
    }
}

fn path_of(event: &Event) -> String {
    format!("/console/events/{}/blocks", event.id)
}

/// Lists what is set aside.
pub async fn list(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeBlocks>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/blocks"), own.0.clone());
    let has_mail = app.mailer.is_some();
    let Json(listed) = blocks::list(State(app), own).await?;
    let cards = listed.blocks.into_iter();
    let tiers = event.tiers.iter();
    shown(&BlocksPage {
        path: path_of(&event),
        blocks: cards.map(|view| BlockCard::of(view, &event)).collect(),
        tiers: tiers.map(|tier| (tier.id.0, tier.name.clone())).collect(),
        most: MAX_BLOCKED,
        may_change: frame.may(Operation::ChangeBlocks),
        may_give: frame.may(Operation::GiveComps),
        has_mail,
        guest_key: HEXLOWER.encode(&draw::<16>()),
        list_key: HEXLOWER.encode(&draw::<16>()),
        frame,
    })
}

/// What somebody sets aside, or takes out of a block, by the names of the fields.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct PlacesForm(BTreeMap<String, String>);

impl PlacesForm {
    fn said(&self, field: &str) -> &str {
        self.0.get(field).map_or("", |text| text.trim())
    }

    /// Reads how many places of each tier are meant; of a tier whose field is empty, none.
    fn read(&self) -> Result<Vec<TierRequest>, ApiError> {
        let mut checks = Checks::default();
        let mut tiers = Vec::new();
        for (field, text) in &self.0 {
            let tier = field
                .strip_prefix(FIELD)
                .and_then(|tier| tier.parse::<u16>().ok());
            let (Some(tier), false) = (tier, text.trim().is_empty()) else {
                continue;
            };
            match text.trim().parse::<u32>() {
                Ok(0) => {}
                Ok(quantity) => tiers.push(TierRequest { tier, quantity }),
                Err(_) => checks.require(false, format!("/tier {tier}"), "must be a number"),
            }
        }
        let is_some = !tiers.is_empty() || checks.failed();
        checks.require(is_some, "/places", "must be at least one, of one of the tiers");
        checks.finish().map(|()| tiers)
    }
}

/// Sets places aside.
pub async fn set_aside(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::ChangeBlocks>>,
    ConsoleForm(form): ConsoleForm<PlacesForm>,
) -> Result<Response, ConsoleError> {
    let back = path_of(&own.0);
    let request = BlockRequest {
        name: form.said("name").to_owned(),
        seat_ids: None,
        tiers: Some(form.read()?),
    };
    let (_, Json(block)) = blocks::create(State(app), own, JsonBody(request)).await?;
    Ok(done(&block, &back))
}

#[derive(Template)]
#[template(path = "console/release_block.html")]
struct ReleasePage {
    frame: ConsoleFrame,
    path: String,
    block: BlockCard,
}

/// Asks how much of a block is put on sale again.
pub async fn ask(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::ChangeBlocks, BlockId>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let (event, id) = (own.0.clone(), own.1);
    let none = ApiError::NotFound(Missing::Block);
    let Some(seen) = own.also::<may::SeeBlocks>() else {
        return Err(none.into());
    };
    let Json(listed) = blocks::list(State(app), seen.of_event()).await?;
    let block = listed.blocks.into_iter().find(|block| block.block_id == id);
    shown(&ReleasePage {
        frame: ConsoleFrame::of(&logged_in, &event, "/blocks"),
        path: path_of(&event),
        block: BlockCard::of(block.ok_or(none)?, &event),
    })
}

/// Puts places of a block on sale again.
pub async fn release(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::ChangeBlocks, BlockId>>,
    ConsoleForm(form): ConsoleForm<PlacesForm>,
) -> Result<Response, ConsoleError> {
    let back = path_of(&own.0);
    let request = BlockReleaseRequest {
        seat_ids: None,
        tiers: Some(form.read()?),
    };
    let Json(left) = blocks::release(State(app), own, JsonBody(request)).await?;
    Ok(done(&left, &back))
}
