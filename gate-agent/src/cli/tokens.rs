//! `http-token` and `tokens`: the way in for devices without a certificate, also while the hub is running; what a token opens is the HTTP side's.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{Access, Replica, TokenHolder, TokenRow};
use usher_device::token::DeviceToken;
use usher_keys::certificate::{MAX_GATES, MAX_NAME_BYTES};
use usher_keys::{Certificate, Timestamp};
use usher_protocol::plain;
use usher_words::enrolment::moment;
use usher_words::hub::tokens::{self as words, ListedToken, NoToken, no_token};

use super::{HttpToken, TokensCommand, gates};

/// Longest life of a token: a festival's week.
pub const MAX_TOKEN_HOURS: u64 = 7 * 24;

/// Prints a token; what it is good for is said beside it, where a script does not look.
pub fn http_token(directory: &DataDirectory, wanted: HttpToken) -> anyhow::Result<ExitCode> {
    let enrolment = Replica::read_enrolment(&directory.replica_path())?;
    let now = Clock::system().now();
    gates::warn_of_unknown(directory, &wanted.gates, now)?;
    let wanted = holder(wanted, enrolment.identity.unverified(), now)?;
    let token = DeviceToken::draw()?;
    let access = Access::open(&directory.access_path())?;
    let holder = access.add_token(token.hash(), &wanted, now)?;
    writeln!(std::io::stdout().lock(), "{}", token.reveal())?;
    writeln!(
        std::io::stderr().lock(),
        "{}",
        words::token_made(
            &holder.name,
            &holder.gates,
            &moment(&TimeZone::system(), holder.expires)
        ),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Returns what a token may do: no more than the hub itself, and no longer.
pub(super) fn holder(wanted: HttpToken, hub: &Certificate, now: Timestamp) -> anyhow::Result<TokenHolder> {
    let HttpToken {
        gates, name, hours, ..
    } = wanted;
    let is_name = (1..=MAX_NAME_BYTES).contains(&name.len()) && plain::is_plain(&name);
    if gates.len() > MAX_GATES || !is_name {
        bail!(no_token(&NoToken::Wanted {
            most_gates: MAX_GATES,
            most_name_bytes: MAX_NAME_BYTES,
        }));
    }
    if let Some(gate) = gates.iter().find(|gate| !hub.serves(**gate)) {
        bail!(no_token(&NoToken::Gate {
            gate: *gate,
            served: &hub.gates,
        }));
    }
    if hub.window.until <= now {
        bail!(no_token(&NoToken::HubEnded));
    }
    let longest = Duration::from_hours(hours);
    let expires = now.plus_ms(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
    Ok(TokenHolder {
        name,
        gates: if gates.is_empty() {
            hub.gates.clone()
        } else {
            gates
        },
        expires: expires.min(hub.window.until),
    })
}

/// Lists the tokens, or takes some back.
pub fn tokens(directory: &DataDirectory, command: TokensCommand) -> anyhow::Result<ExitCode> {
    // Says so when this directory is no hub's.
    Replica::read_enrolment(&directory.replica_path())?;
    let access = Access::open(&directory.access_path())?;
    let mut out = std::io::stdout().lock();
    match command {
        TokensCommand::List => {
            let (rows, now) = (access.tokens()?, Clock::system().now());
            if rows.is_empty() {
                writeln!(out, "{}", words::NO_TOKENS)?;
            }
            for row in &rows {
                write!(out, "{}", listed(row, now))?;
            }
        }
        TokensCommand::Revoke { name } => match access.revoke_tokens(&name)? {
            0 => bail!(no_token(&NoToken::Named(&name))),
            taken => writeln!(out, "{}", words::tokens_taken_back(taken, &name))?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(row: &TokenRow, now: Timestamp) -> String {
    let holder = &row.holder;
    let zone = TimeZone::system();
    let used = row.used.map(|at| moment(&zone, at));
    words::listed_token(&ListedToken {
        name: &holder.name,
        gates: &holder.gates,
        made: &moment(&zone, row.made),
        is_over: holder.expires <= now,
        end: &moment(&zone, holder.expires),
        used: used.as_deref(),
    })
}

#[cfg(test)]
mod tests {
    use usher_device::rehearsal::certificate;
    use usher_keys::{Capabilities, Role, Window};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

    fn hub(gates: &[u16], until: u64) -> Certificate {
        Certificate {
            gates: gates.to_vec(),
            window: Window {
                from: Timestamp(0),
                until: Timestamp(until),
            },
            ..certificate(1, Role::Hub, Capabilities::default())
        }
    }

    fn wish(gates: &[u16], hours: u64) -> HttpToken {
        HttpToken {
            gates: gates.to_vec(),
            every_gate: gates.is_empty(),
            name: "turnstile".to_owned(),
            hours,
        }
    }

    #[test]
    fn a_token_ends_with_the_hub_and_serves_no_gate_more() {
        let week = MAX_TOKEN_HOURS;
        for (hub, wish, gates, until) in [
            (hub(&[], u64::MAX), wish(&[1], week), vec![1], NOW.0 + 7 * DAY_MS),
            (hub(&[], u64::MAX), wish(&[1], 24), vec![1], NOW.0 + DAY_MS),
            (hub(&[], NOW.0 + 5), wish(&[], week), vec![], NOW.0 + 5),
            (
                hub(&[2, 3], u64::MAX),
                wish(&[], 1),
                vec![2, 3],
                NOW.0 + DAY_MS / 24,
            ),
        ] {
            let holder = holder(wish, &hub, NOW).unwrap();
            assert_eq!((holder.gates, holder.expires), (gates, Timestamp(until)));
        }
    }

    #[test]
    fn what_the_hub_cannot_give_is_refused_in_words() {
        let named = |name: &str| HttpToken {
            name: name.to_owned(),
            ..wish(&[2], 1)
        };
        let everywhere = || hub(&[], u64::MAX);
        for (hub, wish, says) in [
            (hub(&[2, 3], u64::MAX), wish(&[1], 1), "for gates 2 and 3"),
            (hub(&[], NOW.0), wish(&[2], 1), "has run out"),
            (everywhere(), named(""), "1 to 64 bytes"),
            (everywhere(), named("a\nb"), "in one line"),
            (everywhere(), named("T\u{202e}"), "plain text"),
            (everywhere(), named("  "), "plain text"),
            (everywhere(), named(&"x".repeat(65)), "1 to 64 bytes"),
            (everywhere(), wish(&[2; MAX_GATES + 1], 1), "at most 64 gates"),
        ] {
            let refused = holder(wish, &hub, NOW).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
