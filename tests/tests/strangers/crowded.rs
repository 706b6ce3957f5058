//! Work goes on at doors that are crowded with peers that flood, trickle or say nothing.

use std::fs;
use std::path::PathBuf;
use std::slice::Iter;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::sync::Mutex;
use tokio::time::timeout;
use usher_keys::Role;
use usher_protocol::admission::Verdict;
use usher_protocol::request::Request;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, STANDING};
use usher_tests::stage::hub::HubSetup;
use usher_tests::stage::patience::until;
use usher_tests::stage::process::Process;
use usher_tests::stage::scanner::{Scanner, Wedge};

use super::crowd::{Crowd, ENROLLING_OF_EACH, HTTP_OF_EACH, Silent, silent_clients, slow_clients};
use super::doors::{Door, Doors, judge, key};
use super::peer::{Peer, socket};

/// How long anybody may have to wait who behaves: a hundred times what it takes on an idle machine.
const BOUND: Duration = Duration::from_secs(10);
/// Scans of the scanner that behaves.
const SCANS: u32 = 20;
/// How many of their tickets are for a scanner that links past a crowd.
const FIRSTS: usize = 8;
/// Memory of a hub or cloud at most, in KiB, whoever comes: a development build on a crowded machine.
const MEMORY_KIB: u64 = 400 * 1024;
/// What strangers can make a program write in a test's time, in bytes.
const LOG_BYTES: usize = 1024 * 1024;
/// Silent peers at a door that are as many as a hub has accepted peers at most.
const FULL: usize = 256;
/// Silent peers of one machine: more than may be at the door at once, so that no place stays free.
const OF_ONE_MACHINE: usize = 80;
/// Guards the machine the tests run on, which cannot shake so many hands at once for several doors.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// Slow HTTP clients: more than a hub takes of one machine.
const SLOW_CLIENTS: usize = 300;

async fn tickets(stage: &Stage) -> anyhow::Result<Vec<BoughtTicket>> {
    let wish = Wish::Any {
        tier: STANDING,
        quantity: SCANS,
    };
    Ok(stage.buyer().buy(&wish).await?.tickets)
}

async fn scanner(doors: &Doors) -> anyhow::Result<Scanner> {
    let code = doors.hub.scanner_code().await?;
    Scanner::enrol(&doors.stage.programs, &doors.stage.path("scanner"), &code).await
}

/// Resident memory of a process, in KiB.
fn memory(process: &Process) -> anyhow::Result<u64> {
    let id = process.id().context("it runs")?;
    let status = fs::read_to_string(PathBuf::from(format!("/proc/{id}/status")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.context("the system tells its memory")?.parse()?)
}

/// Waits until every kind of peer of a crowd is at work.
async fn at_work(crowd: &Crowd) -> anyhow::Result<()> {
    until("the crowd to be at work", async || {
        let idle = crowd.idle();
        ensure!(idle.is_empty(), "idle: {idle:?}");
        Ok(Some(()))
    })
    .await
}

/// Tells whoever runs the test by itself what the crowd has done.
#[expect(clippy::print_stdout, reason = "tests print")]
fn tell(crowd: &Crowd) {
    println!("{}", crowd.tally());
}

fn check_bounds(process: &Process) -> anyhow::Result<()> {
    let (memory, log) = (memory(process)?, process.logged()?);
    ensure!(memory < MEMORY_KIB, "{} takes {memory} KiB", process.name());
    ensure!(
        log.len() < LOG_BYTES,
        "{} has written {} bytes",
        process.name(),
        log.len()
    );
    ensure!(!log.contains("panicked"), "{} has panicked", process.name());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_gets_its_answers_while_a_crowd_is_at_its_hubs_door() -> anyhow::Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let doors = Doors::open().await?;
    let (tickets, scanner) = (tickets(&doors.stage).await?, scanner(&doors).await?);
    let crowd = Crowd::at(&doors, Door::Hub);
    at_work(&crowd).await?;
    // It links only now, past the crowd, and waits longer for its hub than the program would.
    let patient = timeout(BOUND, patient_scanner(&doors)).await??;
    let (firsts, others) = tickets.split_at(FIRSTS);
    for (number, ticket) in (1..).zip(others) {
        let request = Request::Judge(judge(&ticket.payload, number));
        let answer = timeout(BOUND, patient.ask(&request)).await??;
        let verdict = answer.map(|answer| answer.map(|answer| answer.verdict));
        assert_eq!(verdict, Some(Ok(Verdict::Admit { persons: 1, left: 0 })));
    }
    let mut wedge = scanner.wedge(NORTH, &doors.stage.path("wedge.out"))?;
    let admitted = async {
        for ticket in firsts.iter().cycle() {
            let shown = wedge.read(&ticket.payload).await?;
            // Until it has linked past the crowd, a scanner that is switched on for the first time knows no rules.
            if shown.outcome != "not_ready" {
                return Ok(shown);
            }
        }
        bail!("there is no ticket")
    };
    let shown = timeout(BOUND, admitted).await??;
    assert_eq!(shown.outcome, "admitted", "{shown:?}");
    tell(&crowd);
    check_bounds(&doors.hub.process)
}

/// Waits until silent peers hold as many places at a door as a hub has for accepted peers.
async fn silent_peers(doors: &Doors, door: Door, silent: (u16, usize)) -> anyhow::Result<Silent> {
    let silent = Silent::at(doors, door, silent)?;
    until("the door to be full", async || {
        let there = silent.count();
        ensure!(there >= FULL, "only {there} are at the door");
        Ok(Some(()))
    })
    .await?;
    Ok(silent)
}

/// Restarts a scanner while silent peers hold so many places at its hub: its hub answers it all the same.
async fn restart_past(silent: (u16, usize)) -> anyhow::Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let doors = Doors::open().await?;
    let (tickets, scanner) = (tickets(&doors.stage).await?, scanner(&doors).await?);
    let mut wedge = scanner.wedge(NORTH, &doors.stage.path("before.out"))?;
    let mut tickets = tickets.iter();
    timeout(BOUND, answered_by_hub(&mut wedge, &mut tickets)).await??;
    wedge.kill9()?;
    let _silent = silent_peers(&doors, Door::Hub, silent).await?;
    let mut wedge = scanner.wedge(NORTH, &doors.stage.path("after.out"))?;
    timeout(BOUND, answered_by_hub(&mut wedge, &mut tickets)).await??;
    check_bounds(&doors.hub.process)
}

/// Has a scanner read one ticket after the other until its hub lets somebody in.
async fn answered_by_hub(wedge: &mut Wedge, tickets: &mut Iter<'_, BoughtTicket>) -> anyhow::Result<()> {
    for ticket in tickets {
        let shown = wedge.read(&ticket.payload).await?;
        ensure!(shown.outcome == "admitted", "{shown:?}");
        if !shown.alone {
            return Ok(());
        }
    }
    bail!("the scanner has judged every ticket alone")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_scanner_gets_in_past_silent_peers_of_four_machines() -> anyhow::Result<()> {
    restart_past((4, OF_ONE_MACHINE)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_scanner_gets_in_past_silent_peers_of_many_machines() -> anyhow::Result<()> {
    restart_past((300, 2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_comes_back_to_a_cloud_gets_in_past_silent_peers() -> anyhow::Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let doors = Doors::open().await?;
    drop(timeout(BOUND, patient_peer(&doors, Door::Cloud)).await??);
    let _silent = silent_peers(&doors, Door::Cloud, (8, OF_ONE_MACHINE)).await?;
    timeout(BOUND, patient_peer(&doors, Door::Cloud)).await??;
    check_bounds(doors.process(Door::Cloud))
}

#[tokio::test(flavor = "multi_thread")]
async fn turnstiles_and_new_scanners_get_answers_past_silent_clients_of_their_hub() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let ticket = doors.stage.buyer().buy_one(STANDING).await?;
    let turnstile = doors.hub.turnstile(NORTH).await?;
    let listening = &doors.hub.listening;
    let _silent = silent_clients(listening.http, HTTP_OF_EACH).await?;
    let verdict = timeout(BOUND, turnstile.scan(&ticket.payload)).await??;
    assert_eq!(verdict.verdict, "admit");
    let _silent = silent_clients(listening.enrolments, ENROLLING_OF_EACH).await?;
    timeout(BOUND, scanner(&doors)).await??;
    Ok(())
}

/// A device of the event that behaves, on a machine of its own.
async fn patient_scanner(doors: &Doors) -> anyhow::Result<Peer> {
    patient_peer(doors, Door::Hub).await
}

/// The same, at either door.
async fn patient_peer(doors: &Doors, door: Door) -> anyhow::Result<Peer> {
    let (socket, key) = (socket([127, 0, 0, 1])?, key(1));
    let identity = doors.certify(doors.certificate(key.public(), Role::Scanner));
    let mut peer = Peer::knock(&socket, &key, (doors.address(door), doors.event)).await?;
    peer.say(&doors.hello(identity)).await?;
    peer.hear().await?;
    Ok(peer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_links_and_hears_of_a_revocation_while_a_crowd_is_at_the_clouds_door() -> anyhow::Result<()> {
    let _turn = ONE_AT_A_TIME.lock().await;
    let doors = Doors::open().await?;
    let tickets = tickets(&doors.stage).await?;
    let crowd = Crowd::at(&doors, Door::Cloud);
    at_work(&crowd).await?;
    let setup = HubSetup {
        dir: doors.stage.path("second"),
        name: "Second",
        peers: Vec::new(),
    };
    let second = doors.stage.hub(setup).await?;
    timeout(BOUND, second.linked_to("cloud")).await??;
    let turnstile = doors.hub.turnstile(NORTH).await?;
    for ticket in &tickets[..3] {
        doors.stage.organizer.revoke(&ticket.ticket_id).await?;
        let denied = until("the hub to hear of it", async || {
            let verdict = turnstile.scan(&ticket.payload).await?;
            Ok((verdict.reason.as_deref() == Some("revoked")).then_some(()))
        });
        timeout(BOUND, denied).await??;
    }
    tell(&crowd);
    check_bounds(&doors.stage.cloud.process)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_finish_a_request_stop_nobody_at_cloud_and_hub() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let _slow = [
        slow_clients(doors.stage.cloud.listening.http, SLOW_CLIENTS),
        slow_clients(doors.hub.listening.http, SLOW_CLIENTS),
    ];
    let turnstile = doors.hub.turnstile(NORTH).await?;
    for _ in 0..SCANS {
        let ticket = timeout(BOUND, doors.stage.buyer().buy_one(STANDING)).await??;
        let verdict = timeout(BOUND, turnstile.scan(&ticket.payload)).await??;
        assert_eq!(verdict.verdict, "admit");
    }
    check_bounds(&doors.stage.cloud.process)?;
    check_bounds(&doors.hub.process)
}
