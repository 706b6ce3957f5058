//! `/v1/organizer/events/{event_id}/blocks`: units that are set aside, and put on sale again.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::claims::{self, TierRequest};
use crate::api::error::{ApiError, ShortageView};
use crate::api::input::{Checks, JsonBody};
use crate::api::reservations::not_held;
use crate::ids::{BlockId, ReservationId};
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::Claim;
use crate::selling::blocks::{
    Block, BlockLacks, NewBlock, NewBlockOutcome, OfBlock, ReleaseBlock, ReleaseBlockOutcome,
};
use crate::state::AppState;

use super::owned::{OwnEvent, PartOfOwnEvent};
use super::venues::NAME_BYTES;

/// Units that one request may set aside: some milliseconds of the one writer, so that buyers go on buying meanwhile.
pub const MAX_BLOCKED: u32 = 2_000;

/// Asks to set units aside: either seats, or quantities of tiers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Promoter's list", "tiers": [{"tier": 2, "quantity": 3}]}))]
pub struct BlockRequest {
    /// What they are for.
    #[schema(example = "Promoter's list")]
    pub name: String,
    /// These seats, by their `seat_id`.
    pub seat_ids: Option<Vec<u32>>,
    /// Any free units of these tiers.
    pub tiers: Option<Vec<TierRequest>>,
}

/// Which units of a block to put on sale again; all of them, if neither is said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tiers": [{"tier": 2, "quantity": 1}]}))]
pub struct BlockReleaseRequest {
    /// These seats, by their `seat_id`.
    pub seat_ids: Option<Vec<u32>>,
    /// So many units of these tiers.
    pub tiers: Option<Vec<TierRequest>>,
}

/// Units that are set aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockView {
    /// Its id. It opens nothing.
    #[schema(value_type = String)]
    pub block_id: BlockId,
    /// What they are for.
    pub name: String,
    /// When they were set aside.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// How many of each tier are in it.
    pub tiers: Vec<BlockTierView>,
}

/// Units of a tier that are in a block.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockTierView {
    /// The tier.
    pub tier: u16,
    /// How many units.
    pub quantity: usize,
    /// The units; of seats, their `seat_id`.
    pub units: Vec<u32>,
}

/// The blocks of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlocksView {
    /// The blocks, the first one first.
    pub blocks: Vec<BlockView>,
}

impl From<Block> for BlockView {
    fn from(block: Block) -> Self {
        let mut tiers: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
        for line in &block.lines {
            tiers.entry(line.tier.0).or_default().push(line.unit.0);
        }
        let tiers = tiers.into_iter().map(|(tier, units)| BlockTierView {
            tier,
            quantity: units.len(),
            units,
        });
        Self {
            block_id: block.id,
            name: block.name,
            created_at: Moment(block.created_at),
            tiers: tiers.collect(),
        }
    }
}

impl BlockRequest {
    fn into_claim(self) -> Result<Claim, ApiError> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", NAME_BYTES);
        let claim = match (self.seat_ids, self.tiers) {
            (Some(seats), None) => Claim::Seats(claims::seats(&mut checks, ("", seats), MAX_BLOCKED)),
            (None, tiers) => {
                let tiers = tiers.unwrap_or_default();
                Claim::Tiers(claims::tiers(&mut checks, ("", tiers), MAX_BLOCKED))
            }
            (Some(_), Some(_)) => {
                checks.require(false, "", "must have either seat_ids or tiers");
                Claim::Seats(Vec::new())
            }
        };
        checks.finish().map(|()| claim)
    }
}

impl BlockReleaseRequest {
    fn into_units(self) -> Result<OfBlock, ApiError> {
        let mut checks = Checks::default();
        let of = match (self.seat_ids, self.tiers) {
            (None, None) => OfBlock::All,
            (Some(seats), None) => OfBlock::Seats(claims::seats(&mut checks, ("", seats), MAX_BLOCKED)),
            (None, Some(tiers)) => OfBlock::Tiers(claims::tiers(&mut checks, ("", tiers), MAX_BLOCKED)),
            (Some(_), Some(_)) => {
                checks.require(false, "", "must have either seat_ids or tiers, or neither");
                OfBlock::All
            }
        };
        checks.finish().map(|()| of)
    }
}

/// Sets units aside, all of them or none: nobody can buy them until they are released, and buyers are told that they are held. A draft's
/// can be set aside too, before anybody buys. What is held or sold stays with whoever has it.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/blocks", tag = "organizer",
    params(("event_id" = String, Path)), request_body = BlockRequest, security(("organizer_key" = [])), responses(
    (status = 201, body = BlockView),
    (status = 409, description = "Units are taken: see `taken` or `short`; the event is over or canceled, or has as many blocks as it can. Nothing is set aside"),
    (status = 422, description = "No such seat or tier, or too many units at once"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeBlocks>,
    JsonBody(request): JsonBody<BlockRequest>,
) -> Result<(StatusCode, Json<BlockView>), ApiError> {
    let now = app.clock.now();
    let block = NewBlock {
        id: BlockId::draw(event.id, now),
        reservation: ReservationId::draw(event.id, now),
        name: request.name.clone(),
        claim: request.into_claim()?,
        now,
    };
    let outcome = app.store.add_block(block).await?;
    app.seat_maps.changed(event.id);
    match outcome {
        NewBlockOutcome::Blocked(block) => Ok((StatusCode::CREATED, Json((*block).into()))),
        NewBlockOutcome::Refused(refusal) => Err(not_held(refusal, now)),
        NewBlockOutcome::TooMany => Err(ProblemKind::TooManyBlocks.into()),
    }
}

/// Lists the blocks of an event.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/blocks", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = BlocksView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeBlocks>,
) -> Result<Json<BlocksView>, ApiError> {
    let blocks = app.store.blocks(event.id).await?;
    Ok(Json(BlocksView {
        blocks: blocks.into_iter().map(Into::into).collect(),
    }))
}

/// Puts units of a block on sale again: all of them, these seats, or so many of these tiers. A block without units is none any more.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/blocks/{block_id}/release", tag = "organizer",
    params(("event_id" = String, Path), ("block_id" = String, Path)), request_body = BlockReleaseRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = BlockView, description = "What is left of it"),
    (status = 404, description = "No such block of this event"),
    (status = 409, description = "It has fewer units than that: see `short`. Nothing is released"),
    (status = 422, description = "It does not have such seats"),
))]
pub async fn release(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeBlocks, BlockId>,
    JsonBody(request): JsonBody<BlockReleaseRequest>,
) -> Result<Json<BlockView>, ApiError> {
    if id.event != event.id {
        return Err(ApiError::NotFound(Missing::Block));
    }
    let release = ReleaseBlock {
        block: id,
        of: request.into_units()?,
        now: app.clock.now(),
    };
    let outcome = app.store.release_block(release).await?;
    app.seat_maps.changed(event.id);
    match outcome {
        ReleaseBlockOutcome::Released(block) => Ok(Json(block.into())),
        ReleaseBlockOutcome::NotFound => Err(ApiError::NotFound(Missing::Block)),
        ReleaseBlockOutcome::Lacks(lacks) => Err(lacking(lacks)),
    }
}

/// Says what a block does not have.
fn lacking(lacks: BlockLacks) -> ApiError {
    match lacks {
        BlockLacks::Seats(seats) => {
            let mut checks = Checks::default();
            for seat in seats {
                let detail = format!("seat {} is not in this block", seat.0);
                checks.require(false, "/seat_ids", detail);
            }
            checks.finish().err().unwrap_or(ApiError::Internal)
        }
        BlockLacks::Units(short) => ApiError::Short(short.into_iter().map(ShortageView::from).collect()),
    }
}
