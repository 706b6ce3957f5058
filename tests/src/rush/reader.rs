//! Whoever only looks: at what changed since a moment ago, at a steady pace, and now and then at the whole map. They come and go in turns,
//! so that what they cost the buyers shows in one rush.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::figures::Routes;
use super::shop::RushShop;
use crate::load::keepalive::{KeptOpen, get};

/// Seconds of a turn: in each second turn readers read.
pub const TURN_SECONDS: usize = 4;
/// Kept connections of all readers.
pub const CONNECTIONS: usize = 32;
/// Of so many answers one is the whole map.
const WHOLE_MAP: u64 = 50;

/// Tells whether readers read in a second.
pub fn reads_in(second: usize) -> bool {
    second / TURN_SECONDS % 2 == 1
}

/// Reads over one of the connections until it is told to stop; all of them together so often in a second.
///
/// # Errors
///
/// When an answer is none.
pub async fn read(
    shop: Arc<RushShop>,
    (number, per_second): (usize, u32),
    stop: CancellationToken,
) -> anyhow::Result<Routes> {
    let mut routes = Routes::default();
    if per_second == 0 {
        return Ok(routes);
    }
    let mut line = KeptOpen::connect(shop.process_of(number)).await?;
    let base = format!("/v1/events/{}", shop.event);
    let (whole, map) = (
        get(&format!("{base}/availability"), ""),
        get(&format!("{base}/seats"), "accept-encoding: gzip\r\n"),
    );
    let every = Duration::from_secs(CONNECTIONS as u64) / per_second;
    let mut version = 0;
    let (mut turn, mut count) = (Instant::now(), 0_u64);
    while !stop.is_cancelled() {
        if !reads_in(shop.timeline.second()) {
            sleep(Duration::from_millis(20)).await;
            turn = Instant::now();
            continue;
        }
        sleep_until(turn).await;
        turn += every;
        count += 1;
        let (route, request) = match (version, count % WHOLE_MAP) {
            (_, 0) => ("seat map", map.clone()),
            (0, _) => ("availability", whole.clone()),
            _ => ("changes", get(&format!("{base}/availability/{version}"), "")),
        };
        let begun = Instant::now();
        let answer = line.exchange(&request).await?;
        ensure!(answer.status == 200, "{route} is answered with {}", answer.status);
        routes.add(route, begun.elapsed());
        version = match route {
            "availability" => {
                let first = answer
                    .body
                    .first_chunk()
                    .context("an availability has a version")?;
                u64::from_be_bytes(*first)
            }
            "changes" => {
                let changes: serde_json::Value = serde_json::from_slice(answer.body)?;
                changes["to"].as_u64().context("changes lead to a version")?
            }
            _ => version,
        };
        shop.timeline.read();
    }
    Ok(routes)
}
