//! The range of every setting that is a number, and the unit it is in.

use super::{Config, ConfigError};

/// A setting, how to read it, its least and greatest value, and both in words.
type Range = (&'static str, fn(&Config) -> u32, u32, u32, &'static str);

const RANGES: [Range; 15] = [
    (
        "reservations.default_seconds",
        |config| config.reservations.default_seconds,
        1,
        86_400,
        "1 to 86400 seconds",
    ),
    (
        "reservations.max_units",
        |config| config.reservations.max_units,
        1,
        200,
        "1 to 200 units",
    ),
    (
        "reservations.unpaid_orders_per_address",
        |config| config.reservations.unpaid_orders_per_address,
        1,
        1_000_000,
        "1 to 1000000 orders",
    ),
    (
        "reservations.unpaid_orders_per_session",
        |config| config.reservations.unpaid_orders_per_session,
        1,
        1_000_000,
        "1 to 1000000 orders",
    ),
    (
        "reservations.unpaid_percent_per_network",
        |config| config.reservations.unpaid_percent_per_network,
        0,
        100,
        "0 to 100 percent",
    ),
    (
        "reservations.minutes_in_vain",
        |config| config.reservations.minutes_in_vain,
        1,
        60,
        "1 to 60 minutes",
    ),
    (
        "reservations.tidy_every_seconds",
        |config| config.reservations.tidy_every_seconds,
        1,
        86_400,
        "1 to 86400 seconds",
    ),
    (
        "retention.personal_data_days",
        |config| config.retention.personal_data_days,
        1,
        36_525,
        "1 to 36525 days",
    ),
    (
        "payments.timeout_seconds",
        |config| config.payments.timeout_seconds,
        1,
        300,
        "1 to 300 seconds",
    ),
    (
        "payments.large_refund",
        |config| config.payments.large_refund,
        0,
        1_000_000,
        "0 to 1000000 units of a currency",
    ),
    (
        "limits.request_seconds",
        |config| config.limits.request_seconds,
        1,
        600,
        "1 to 600 seconds",
    ),
    (
        "limits.public_body_kib",
        |config| config.limits.public_body_kib,
        1,
        16_384,
        "1 to 16384 KiB",
    ),
    (
        "limits.organizer_body_kib",
        |config| config.limits.organizer_body_kib,
        1,
        65_536,
        "1 to 65536 KiB",
    ),
    (
        "limits.drain_seconds",
        |config| config.limits.drain_seconds,
        0,
        300,
        "0 to 300 seconds",
    ),
    (
        "limits.shutdown_seconds",
        |config| config.limits.shutdown_seconds,
        1,
        600,
        "1 to 600 seconds",
    ),
];

/// Checks every number against its range, and those that depend on each other.
///
/// # Errors
///
/// [`ConfigError::OutOfRange`], the first found.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    for (key, value, least, greatest, expected) in RANGES {
        if !(least..=greatest).contains(&value(config)) {
            return Err(ConfigError::OutOfRange { key, expected });
        }
    }
    if config.limits.request_seconds <= config.payments.timeout_seconds {
        return Err(ConfigError::OutOfRange {
            key: "limits.request_seconds",
            expected: "more than payments.timeout_seconds: a buyer waits for the payment",
        });
    }
    Ok(())
}
