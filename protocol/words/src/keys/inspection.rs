//! What is in a bundle, key, certificate or key request, as a table; private halves are never shown.

use jiff::fmt::strtime;
use usher_keys::{
    BundleError, Certificate, DeviceIdentity, Domain, KeyRequest, KeyStatus, PublicKey, Role, SignedBundle,
    SignedCertificate, Timestamp, TrustedKey, Window, codec,
};

/// What sort of key a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A public key.
    Public,
    /// A private key that anyone who has the file can use.
    Clear,
    /// A private key under a passphrase.
    Encrypted,
}

/// Describes a bundle: its roots and who of them signed, its keys.
///
/// # Errors
///
/// [`BundleError`] for one that cannot be read.
pub fn bundle(signed: &SignedBundle) -> Result<String, BundleError> {
    let bundle = signed.unverified()?;
    let (event, version, roots) = (bundle.event, bundle.version, &bundle.roots);
    let (needed, of) = (roots.threshold, roots.keys.len());
    let mut lines = vec![
        "trust bundle".to_owned(),
        format!("  event      {event}"),
        format!("  version    {version}"),
        format!("  roots      {needed} of {of} must sign"),
    ];
    let by_root = |root: &PublicKey| format!("    {}  {root}  {}", root.id(), signed_by(signed, root));
    lines.extend(roots.keys.iter().map(by_root));
    lines.push("  keys".to_owned());
    for (purpose, trusted) in bundle.keys() {
        let TrustedKey { key, window, .. } = trusted;
        lines.push(format!(
            "    {}  {key}  {purpose}, {}",
            key.id(),
            status(trusted.status)
        ));
        lines.push(format!("              believed {}", span(*window)));
    }
    lines.push(match signed.verify(roots) {
        Ok(_) => "  signatures enough, if these are the roots your devices pin".to_owned(),
        Err(error) => format!("  signatures not good: {error}"),
    });
    Ok(text(&lines))
}

fn signed_by(signed: &SignedBundle, root: &PublicKey) -> &'static str {
    let Some(found) = signed.signatures().iter().find(|found| found.root == *root) else {
        return "has not signed";
    };
    match signed.is_signed_by(found) {
        true => "has signed",
        false => "SIGNATURE DOES NOT VERIFY",
    }
}

fn status(status: KeyStatus) -> String {
    match status {
        KeyStatus::Active => "active".to_owned(),
        KeyStatus::Retired(at) => format!("retired since {}", utc(at)),
        KeyStatus::Struck(at) => format!("STRUCK OUT since {}", utc(at)),
    }
}

/// Describes a key by its public half.
pub fn key(kind: KeyKind, key: &PublicKey) -> String {
    let mut lines = vec![
        match kind {
            KeyKind::Public => "public key",
            KeyKind::Clear => "private key, not encrypted",
            KeyKind::Encrypted => ENCRYPTED,
        }
        .to_owned(),
        format!("  id         {}", key.id()),
        format!("  public     {key}"),
    ];
    lines.extend(key.verifier().err().map(|error| format!("  UNUSABLE   {error}")));
    text(&lines)
}

const ENCRYPTED: &str = "private key, encrypted";

/// Describes a private key whose passphrase is not known, and says which environment variable would tell it.
pub fn locked_key(variable: &str) -> String {
    format!("{ENCRYPTED}\n  set {variable} to see its public half\n")
}

/// Describes a key request.
pub fn key_request(request: &KeyRequest) -> String {
    let mut lines = vec![
        "key request".to_owned(),
        format!("  event      {}", request.event),
    ];
    for (purpose, key) in [
        ("ticket", request.ticket_key),
        ("authority", request.authority_key),
        ("issuing", request.issuing_key),
    ] {
        lines.push(format!("  {purpose:<9}  {}  {key}", key.id()));
    }
    let window = Window {
        from: request.not_before,
        until: request.not_after,
    };
    lines.push(format!("  believed   {}", span(window)));
    lines.extend(request.check().err().map(|error| format!("  UNUSABLE   {error}")));
    text(&lines)
}

/// Describes a device's certificate, and that of the hub that issued it.
pub fn identity(identity: &DeviceIdentity) -> String {
    let via = identity.via.as_ref();
    let via = via.map_or_else(String::new, |via| certificate("issued by the hub of", via));
    issued_certificate(&identity.certificate) + &via
}

/// Describes a device's certificate.
pub fn issued_certificate(signed: &SignedCertificate) -> String {
    certificate("device certificate", signed)
}

fn certificate(title: &str, signed: &SignedCertificate) -> String {
    let certificate = &signed.certificate;
    let (device, issuer) = (certificate.device, signed.issuer);
    let body = codec::encode(certificate);
    let lines = [
        title.to_owned(),
        format!("  event      {}", certificate.event),
        format!("  device     {}  {device}", device.id()),
        // Names come from strangers: escaped, so that none of them moves the cursor.
        format!("  name       {:?}", certificate.name),
        format!("  role       {}", rights(certificate)),
        format!("  gates      {}", gates(certificate)),
        format!("  valid      {}", span(certificate.window)),
        format!("  issuer     {}  {issuer}", issuer.id()),
        match issuer.verify(Domain::Certificate, &body, &signed.signature) {
            Ok(()) => "  signature  the issuer's; whether a bundle trusts it is not checked".to_owned(),
            Err(_) => "  signature  DOES NOT VERIFY".to_owned(),
        },
    ];
    text(&lines)
}

fn rights(certificate: &Certificate) -> String {
    let mut rights = match certificate.role {
        Role::Cloud => "cloud",
        Role::Hub => "hub",
        Role::Scanner => "scanner",
    }
    .to_owned();
    if certificate.capabilities.enrol_scanners {
        rights.push_str(", may enrol scanners");
    }
    if certificate.capabilities.override_refusals {
        rights.push_str(", may override refusals");
    }
    rights
}

fn gates(certificate: &Certificate) -> String {
    let gates: Vec<_> = certificate.gates.iter().map(u16::to_string).collect();
    match gates.is_empty() {
        true => "every gate".to_owned(),
        false => gates.join(", "),
    }
}

fn span(window: Window) -> String {
    format!("from {} until {}", utc(window.from), utc(window.until))
}

/// Says a point in time like `2026-11-21 20:15:00 UTC`.
pub(super) fn utc(at: Timestamp) -> String {
    if at == Timestamp::FOREVER {
        return "forever".to_owned();
    }
    let ms = i64::try_from(at.0).ok();
    let at = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.and_then(|at| strtime::format("%Y-%m-%d %H:%M:%S UTC", at).ok())
        .unwrap_or_else(|| "after the year 9999".to_owned())
}

pub(super) fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_read_as_utc_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_795_292_100, "2026-11-21 20:15:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(Timestamp(seconds * 1000)), expected);
        }
        assert_eq!(utc(Timestamp::FOREVER), "forever");
        assert_eq!(utc(Timestamp(u64::MAX - 1)), "after the year 9999");
    }
}
