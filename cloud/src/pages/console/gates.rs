//! `/console/events/{event_id}/gates`: who comes in, where and how quickly, and what is wrong; the wallboard says the same in numbers that are read
//! from across a room.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use usher_words::problems::ProblemKind;

use crate::api::logged_in::LoggedIn;
use crate::api::organizer::arrivals::{self, RecentArrivals};
use crate::api::organizer::counts::{self, CountsView, GateCountView, ZoneCountView};
use crate::api::organizer::devices::{self, DeviceView};
use crate::api::organizer::incidents::{self, IncidentView};
use crate::api::organizer::owned::OwnEvent;
use crate::catalogue::Event;
use crate::local_time::day_and_time;
use crate::rights::may;
use crate::state::AppState;

use super::access::{ConsoleError, ForPage, shown};
use super::device_cards::{DeviceCard, wrong_clocks};
use super::frame::ConsoleFrame;
use super::plot::BarPlot;

#[derive(Template)]
#[template(path = "console/gates.html")]
struct GatesPage {
    frame: ConsoleFrame,
    path: String,
    figures: GateFigures,
    plot: String,
    /// Nothing where the role does not see them.
    incidents: Option<Vec<IncidentView>>,
    devices: Option<Vec<DeviceCard>>,
    /// Devices whose clock is wrong, by name.
    clocks: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "console/wallboard.html")]
struct WallboardPage {
    event: String,
    path: String,
    figures: GateFigures,
    incidents: Option<usize>,
    /// Hubs that are linked to this server, and how many there are.
    hubs: Option<(usize, usize)>,
    /// Devices whose clock is wrong, by name.
    clocks: Vec<(String, String)>,
}

/// What both pages tell.
struct GateFigures {
    /// When it was so, at the event.
    at: String,
    zones: Vec<ZoneLine>,
    gates: Vec<GateLine>,
    admitted: u64,
    exited: u64,
    /// People let in within the last five minutes.
    pace: u64,
    refused: u64,
    reasons: Vec<(&'static str, u64)>,
}

struct ZoneLine {
    name: String,
    inside: i64,
    capacity: Option<u32>,
    is_full: bool,
}

struct GateLine {
    name: String,
    admitted: u64,
    exited: u64,
    pace: u64,
}

impl From<&ZoneCountView> for ZoneLine {
    fn from(zone: &ZoneCountView) -> Self {
        Self {
            name: zone.name.clone(),
            inside: zone.inside,
            capacity: zone.capacity,
            is_full: zone.capacity.is_some_and(|most| zone.inside >= i64::from(most)),
        }
    }
}

impl GateLine {
    fn of(gate: &GateCountView, arrivals: &RecentArrivals) -> Self {
        let rank = arrivals.gates.iter().position(|id| id.0 == gate.gate);
        let pace = rank.and_then(|rank| arrivals.pace.get(rank)).copied();
        Self {
            name: gate.name.clone(),
            admitted: gate.admitted,
            exited: gate.exited,
            pace: pace.unwrap_or_default(),
        }
    }
}

impl GateFigures {
    fn of(at: String, counts: &CountsView, arrivals: RecentArrivals) -> Self {
        let gates = counts.gates.iter().map(|gate| GateLine::of(gate, &arrivals));
        let gates: Vec<GateLine> = gates.collect();
        Self {
            at,
            zones: counts.zones.iter().map(Into::into).collect(),
            admitted: gates.iter().map(|gate| gate.admitted).sum(),
            exited: gates.iter().map(|gate| gate.exited).sum(),
            pace: gates.iter().map(|gate| gate.pace).sum(),
            refused: counts.refused.values().sum(),
            reasons: arrivals.refused,
            gates,
        }
    }
}

/// What the API says of an event's gates to whoever is logged in.
struct GateAnswers {
    counts: CountsView,
    arrivals: RecentArrivals,
    incidents: Option<Vec<IncidentView>>,
    devices: Option<Vec<DeviceView>>,
}

async fn ask(app: &Arc<AppState>, own: OwnEvent<may::SeeCounts>) -> Result<GateAnswers, ConsoleError> {
    let incidents = match own.also::<may::SeeIncidents>() {
        Some(own) => Some(incidents::list(State(app.clone()), own).await?.0.incidents),
        None => None,
    };
    let devices = match own.also::<may::SeeDevices>() {
        Some(own) => Some(devices::list(State(app.clone()), own).await?.0.devices),
        None => None,
    };
    let again = own.also::<may::SeeCounts>().ok_or(ProblemKind::NotAllowed)?;
    let arrivals = arrivals::recent(app, again).await?;
    let Json(counts) = counts::show(State(app.clone()), own).await?;
    Ok(GateAnswers {
        counts,
        arrivals,
        incidents,
        devices,
    })
}

fn now_at(app: &AppState, event: &Event) -> String {
    let now = app.clock.now();
    day_and_time(now, event.policy.offset_at(now))
}

/// Shows the gates of an event.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeCounts>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "/gates");
    let (at, event) = (now_at(&app, &own.0), own.0.clone());
    let answers = ask(&app, own).await?;
    let lines = |devices: Vec<DeviceView>| {
        devices
            .iter()
            .map(|device| DeviceCard::of(device, &event))
            .collect()
    };
    shown(&GatesPage {
        frame,
        path: format!("/console/events/{}", event.id),
        plot: by_minute(&event, &answers.arrivals).draw(),
        figures: GateFigures::of(at, &answers.counts, answers.arrivals),
        incidents: answers.incidents,
        clocks: wrong_clocks(answers.devices.as_deref().unwrap_or_default()),
        devices: answers.devices.map(lines),
    })
}

/// Shows the numbers that a whole room watches.
pub async fn wallboard(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeCounts>>,
) -> Result<Response, ConsoleError> {
    let (at, event, id) = (now_at(&app, &own.0), own.0.name.clone(), own.0.id);
    let answers = ask(&app, own).await?;
    let clocks = wrong_clocks(answers.devices.as_deref().unwrap_or_default());
    let hubs = answers.devices.map(|devices| {
        let hubs = devices
            .iter()
            .filter(|device| device.role == usher_keys::Role::Hub && !device.revoked && !device.retired);
        (hubs.clone().filter(|hub| hub.linked).count(), hubs.count())
    });
    shown(&WallboardPage {
        event,
        path: format!("/console/events/{id}"),
        figures: GateFigures::of(at, &answers.counts, answers.arrivals),
        incidents: answers.incidents.map(|incidents| incidents.len()),
        hubs,
        clocks,
    })
}

fn by_minute(event: &Event, arrivals: &RecentArrivals) -> BarPlot {
    let names = arrivals.gates.iter().filter_map(|gate| event.policy.gate(*gate));
    let bars = arrivals.minutes.iter().map(|(begin, numbers)| {
        let said = day_and_time(*begin, event.policy.offset_at(*begin));
        let clock = said.split_once(", ").map_or("", |(_, clock)| clock);
        (clock.trim_end_matches(" UTC").to_owned(), numbers.clone())
    });
    BarPlot {
        title: "People let in each minute of the last hour",
        step: "Minute",
        series: names.map(|gate| gate.name.clone()).collect(),
        bars: bars.collect(),
    }
}
