//! A hub and a scanner on a machine of their own, as the system sees it: a network namespace, whose cable to the cloud is pulled out.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use usher_tests::relay::Relay;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::process::{Process, Start};
use usher_tests::stage::programs::{Program, Programs};
use usher_tests::stage::scanner::Scanner;

/// Set where this test must run: then a machine that makes no namespaces is a failure.
const EXPECTED: &str = "USHER_EXPECT_NETNS";

/// A namespace with one cable out of it, until it is dropped.
struct Venue {
    name: String,
    /// The end of the cable outside.
    cable: String,
    /// Its address outside.
    outside: IpAddr,
}

impl Venue {
    /// Makes one. Where the system does not let us, it says so and gives nothing, unless `USHER_EXPECT_NETNS` is set.
    fn open() -> anyhow::Result<Option<Self>> {
        let (id, name) = (std::process::id(), format!("usher-{}", std::process::id()));
        if let Err(error) = ip(&["netns", "add", &name]) {
            let why =
                format!("no network namespace can be made here, so pulled cables are NOT tested: {error:#}");
            if std::env::var_os(EXPECTED).is_some() {
                bail!("{why}, although {EXPECTED} is set");
            }
            // Not through `println!`, which is shown only for tests that fail.
            writeln!(io::stderr(), "SKIPPED: {why}")?;
            return Ok(None);
        }
        let net = u8::try_from(id % 250)?;
        let venue = Self {
            name,
            cable: format!("usher{id}"),
            outside: Ipv4Addr::new(10, 213, net, 1).into(),
        };
        let (cable, inner) = (&venue.cable, format!("10.213.{net}.2/30"));
        let outer = format!("{}/30", venue.outside);
        ip(&[
            "link",
            "add",
            cable,
            "type",
            "veth",
            "peer",
            "name",
            "out",
            "netns",
            &venue.name,
        ])?;
        ip(&["addr", "add", &outer, "dev", cable])?;
        ip(&["link", "set", cable, "up"])?;
        for inside in [
            &["addr", "add", &inner, "dev", "out"][..],
            &["link", "set", "out", "up"],
            &["link", "set", "lo", "up"],
        ] {
            ip(&[&["-n", &venue.name], inside].concat())?;
        }
        Ok(Some(venue))
    }

    fn programs(&self, programs: &Programs) -> Programs {
        programs.clone().inside(&["ip", "netns", "exec", &self.name])
    }

    /// Pulls the cable out, or puts it in again.
    fn plug(&self, is_in: bool) -> anyhow::Result<()> {
        ip(&["link", "set", &self.cable, if is_in { "up" } else { "down" }])
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        // The cable goes with it.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let ended = Command::new("ip")
        .args(arguments)
        .output()
        .context("running ip, of the package iproute2")?;
    ensure!(
        ended.status.success(),
        "ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&ended.stderr).trim()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_venue_whose_cable_is_pulled_out_goes_on_and_catches_up_when_it_is_in_again() -> anyhow::Result<()>
{
    let Some(venue) = Venue::open()? else {
        return Ok(());
    };
    let uplink = Relay::open_on(venue.outside).await?;
    let settings = format!("uplink_public = [\"{}\"]", uplink.address());
    let stage = Stage::on_sale_with(Places::FEW, &settings).await?;
    uplink.aim(stage.cloud.listening.uplink);
    let programs = venue.programs(&stage.programs);
    let mut hub = hub(&stage, &programs).await?;
    let scanner = scanner(&stage, &programs, &mut hub).await?;
    let mut reader = scanner.wedge(NORTH, &stage.path("shown"))?;
    let (buyer, organizer) = (stage.buyer(), &stage.organizer);
    let before = buyer.buy_one(SEATED).await?;
    assert_eq!(reader.read(&before.payload).await?.outcome, "admitted");

    venue.plug(false)?;
    let (sold, revoked) = (buyer.buy_one(SEATED).await?, buyer.buy_one(STANDING).await?);
    organizer.revoke(&revoked.ticket_id).await?;
    assert_eq!(reader.read(&sold.payload).await?.outcome, "admitted");
    let known = organizer.admitted_units().await?;
    ensure!(
        !known.contains(&sold.unit),
        "the cable is not out: the cloud knows already"
    );

    venue.plug(true)?;
    until("the cloud to hear of both admissions", async || {
        let known = organizer.admitted_units().await?;
        Ok((known.contains(&before.unit) && known.contains(&sold.unit)).then_some(()))
    })
    .await?;
    until("the venue to hear of the revocation", async || {
        let devices = organizer.devices().await?.devices;
        let hub = devices.iter().find(|device| device.role == "hub");
        Ok(hub
            .is_some_and(|hub| hub.linked && hub.records_behind == 0)
            .then_some(()))
    })
    .await?;
    assert_eq!(reader.read(&revoked.payload).await?.outcome, "revoked");
    assert_eq!(organizer.incidents().await?, []);
    Ok(())
}

/// Enrols a hub, where the cloud's HTTP is, and starts it inside; nobody outside reaches its own.
async fn hub(stage: &Stage, programs: &Programs) -> anyhow::Result<Process> {
    let code = stage.organizer.enrolment_code(Role::Hub, "Hub").await?;
    let dir = stage.path("hub");
    let enroll = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "enroll".as_ref(),
        code.as_ref(),
    ];
    stage.programs.run(Program::GateAgent, &enroll).await?;
    std::fs::write(
        dir.join("usher-gate-agent.toml"),
        "listen = \"0.0.0.0:0\"\nhttp = \"127.0.0.1:0\"\nenrolments = \"127.0.0.1:0\"\n",
    )?;
    let start = Start {
        program: Program::GateAgent,
        name: "the hub inside".to_owned(),
        arguments: vec!["--dir".into(), dir.clone().into(), "run".into()],
        log: stage.path("hub.log"),
        file_limit_kib: None,
    };
    let mut hub = Process::start(programs, start)?;
    until("the hub inside to be linked and to know the event", async || {
        hub.check()?;
        let status = ["--dir".as_ref(), dir.as_os_str(), "status".as_ref()];
        let said = programs.run(Program::GateAgent, &status).await?;
        Ok((said.contains("(cloud)") && said.contains("Night of the Owls")).then_some(()))
    })
    .await?;
    Ok(hub)
}

async fn scanner(stage: &Stage, programs: &Programs, hub: &mut Process) -> anyhow::Result<Scanner> {
    hub.check()?;
    let dir = stage.path("hub");
    let ask = ["--dir".as_ref(), dir.as_os_str(), "scanner-code".as_ref()];
    let said = programs.run(Program::GateAgent, &ask).await?;
    let code = said
        .split_whitespace()
        .find(|word| word.starts_with("usher-enrol:"));
    Scanner::enrol(programs, &stage.path("Scanner"), code.context("there is a code")?).await
}
