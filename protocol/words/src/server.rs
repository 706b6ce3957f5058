//! What the cloud says to whoever runs it, in its log and in `/readyz`: sales that are not what they seem, and a wrong clock.

use std::path::Path;

use usher_protocol::clock::ClockHealth;

use crate::clock::apart_in_words;

/// Says that events are on sale for which nobody pays.
pub fn test_sale(names: &str) -> String {
    format!(
        "TEST CARDS: real tickets are on sale and nobody is charged, because payments.gateway is \"sandbox\". On sale: {names}"
    )
}

/// An event whose sale is paused.
#[derive(Debug)]
pub struct PausedSale {
    pub name: String,
    /// Its id.
    pub event: String,
    pub ends: String,
    /// Until when its ticket key is believed; `None` if none may sign.
    pub key_ends: Option<String>,
}

/// Says which events' sale is paused, and how many more there are.
pub fn paused_sales(named: &[PausedSale], more: usize) -> String {
    let named = named.iter().map(|sale| {
        let key = match &sale.key_ends {
            Some(until) => format!("its ticket key ends {until}"),
            None => "no ticket key may sign now".to_owned(),
        };
        format!("{} ({}, ends {}, {key})", sale.name, sale.event, sale.ends)
    });
    let named: Vec<_> = named.collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "SALE PAUSED: gates would stop accepting tickets signed now before the event ends, so none are sold. `to_sign` of the \
         organizer's event says what the offline root must sign. Paused: {}{more}",
        named.join(", ")
    )
}

/// Says for which events nothing is sold or ordered, because the store may be an older copy.
pub fn halted(names: &[String]) -> String {
    format!(
        "HALTED: the store was restored or is a copy, or devices have shown that it is an older one, so nothing is sold or ordered for: {}. \
         Wait until their hubs have linked, run `usher-cloud resume`, which tells what is missing, and start this server again",
        names.join(", ")
    )
}

/// Says which cells do not answer.
pub fn cells_away(names: &[&str]) -> String {
    format!(
        "CELLS AWAY: the databases of [cells] named here do not answer, so nobody can use their events; all others are served. They come \
         back by themselves. Look at their servers and at the network to them: {}",
        names.join(", ")
    )
}

/// Says what is wrong with the server's clock, if anything is.
pub fn clock(health: ClockHealth) -> Option<String> {
    match health {
        ClockHealth::Right => None,
        ClockHealth::Wrong(ahead_ms) => Some(format!(
            "This server's clock is {} those of most linked devices: set it right, on PostgreSQL the database's, by which it goes, \
             because sales end, keys count and tickets are dated by it",
            apart_in_words(ahead_ms)
        )),
        ClockHealth::InDoubt(ahead_ms) => Some(format!(
            "This server's clock is {} a linked device's, and too few are linked to tell which is right: look at a watch; \
             clock_warning in the list of devices says whose it is",
            apart_in_words(ahead_ms)
        )),
    }
}

/// Said of the sandbox by `doctor`.
pub const SANDBOX: &str =
    "payments.gateway is \"sandbox\", which moves no money: whatever is put on sale says so on its page";
/// Said of Stripe by `doctor`.
pub const STRIPE: &str = "the keys of payments.gateway \"stripe\" can be read";
/// Said where there is no master key yet.
pub const NO_MASTER_KEY_YET: &str = "there is no master key yet: the server makes one at its first start. Then keep a copy of it apart from \
     the backups, because without it no event's tickets can be signed any more";
/// Said where the master key is as it should be.
pub const MASTER_KEY_READ: &str = "the master key can be read; keep a copy of it apart from the backups";
/// Said where a proxy is likely and none is named.
pub const NO_PROXY: &str = "trusted_proxies is empty: if a proxy ends TLS for public_url, name it there, or all buyers share what one address may \
     hold unpaid";

/// Says that HTTP is served over TLS.
pub const CERTIFICATE_READ: &str = "the certificate for HTTP is read, and its key goes with it";

/// Says that a data directory will be made.
pub fn no_folder_yet(path: &Path) -> String {
    format!("there is no data_dir {} yet: the server makes it", path.display())
}

/// Says that nobody else can open a data directory.
pub fn private_folder(path: &Path) -> String {
    format!("only its owner can open {}", path.display())
}

/// Says that a store or cell is empty.
pub fn no_tables_yet(name: &str, location: &str) -> String {
    format!("{name} at {location} has no tables yet: the server makes them")
}

/// Says of which version the tables of a store or cell are.
pub fn tables(name: &str, location: &str, version: i64) -> String {
    format!("{name} at {location} opens; its tables are of version {version}")
}

/// Says that buyers come without encryption.
pub fn plain_url(url: &str) -> String {
    let named = if url.is_empty() {
        "public_url is not set".to_owned()
    } else {
        format!("public_url is {url}")
    };
    format!(
        "{named}: good for trying out on this machine. To sell to others, set tls_certificate and tls_key or put a proxy that speaks TLS in front, and name the https:// address there: browsers of buyers and log-ins of staff need it"
    )
}

/// Says that buyers come over TLS.
pub fn public_url(url: &str) -> String {
    format!("links on pages begin with {url}")
}

/// Says that the machine's clock is not the database's.
pub fn clock_beside_database(ahead_ms: i64) -> String {
    let direction = if ahead_ms < 0 { "behind" } else { "ahead of" };
    format!(
        "This machine's clock is {} s {direction} the database's, and the server goes by the database's, as all others on it do: see which of \
         the two is wrong (timedatectl on both) and set it right",
        ahead_ms.unsigned_abs() / 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_not_the_databases_is_said_with_the_seconds() {
        let said = clock_beside_database(-60_400);
        assert!(
            said.starts_with("This machine's clock is 60 s behind the database's"),
            "{said}"
        );
        assert!(clock_beside_database(2_100).contains("2 s ahead of the database's"));
    }

    #[test]
    fn a_wrong_clock_of_the_server_is_said_with_the_minutes() {
        assert_eq!(clock(ClockHealth::Right), None);
        let said = |health| clock(health).unwrap_or_default();
        let wrong = said(ClockHealth::Wrong(2_700_000));
        assert!(
            wrong.starts_with("This server's clock is 45 min ahead of those of most"),
            "{wrong}"
        );
        let doubt = said(ClockHealth::InDoubt(-72_000_000));
        assert!(
            doubt.starts_with("This server's clock is 20 h 0 min behind a linked device's"),
            "{doubt}"
        );
    }
}
