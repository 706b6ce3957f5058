//! `inspect`: what is in a file, as a table for people; private halves are never shown.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use usher_keys::pem;
use usher_keys::{
    Certificate, DeviceIdentity, Domain, KeyRequest, KeyStatus, PublicKey, Role, SignedBundle,
    SignedCertificate,
};

use super::calendar::utc;
use super::sign::MAX_JSON_BYTES;
use super::{effects, output};

/// Shows what is in a file.
pub fn inspect(path: &Path) -> anyhow::Result<()> {
    let bytes = usher_keys::file::read_file::<MAX_JSON_BYTES>(path)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let description = if text.contains("-----BEGIN PUBLIC KEY-----") {
        describe_public("public key", &pem::read_public(path)?)
    } else if text.contains("-----BEGIN ") {
        describe_secret(path)?
    } else {
        describe_json(&bytes).with_context(|| format!("cannot show {}", path.display()))?
    };
    output::print(&description)
}

/// Describes a bundle: its roots and who of them signed, its keys.
pub fn describe_bundle(signed: &SignedBundle) -> anyhow::Result<String> {
    let bundle = signed.unverified()?;
    let mut text = format!(
        "trust bundle\n  event      {}\n  version    {}\n",
        bundle.event, bundle.version
    );
    let (needed, of) = (bundle.roots.threshold, bundle.roots.keys.len());
    writeln!(text, "  roots      {needed} of {of} must sign")?;
    for root in &bundle.roots.keys {
        writeln!(text, "    {}  {root}  {}", root.id(), signature_of(signed, root))?;
    }
    writeln!(text, "  keys")?;
    for (purpose, trusted) in bundle.keys() {
        let (id, status) = (trusted.key.id(), describe_status(trusted.status));
        writeln!(text, "    {id}  {}  {purpose}, {status}", trusted.key)?;
        let (from, until) = (utc(trusted.window.from), utc(trusted.window.until));
        writeln!(text, "              believed from {from} until {until}")?;
    }
    match signed.verify(&bundle.roots) {
        Ok(_) => writeln!(
            text,
            "  signatures enough, if these are the roots your devices pin"
        )?,
        Err(error) => writeln!(text, "  signatures not good: {error}")?,
    }
    Ok(text)
}

fn signature_of(signed: &SignedBundle, root: &PublicKey) -> &'static str {
    let Some(found) = signed.signatures().iter().find(|s| s.root == *root) else {
        return "has not signed";
    };
    match signed.is_signed_by(found) {
        true => "has signed",
        false => "SIGNATURE DOES NOT VERIFY",
    }
}

fn describe_status(status: KeyStatus) -> String {
    match status {
        KeyStatus::Active => "active".to_owned(),
        KeyStatus::Retired(at) => format!("retired since {}", utc(at)),
        KeyStatus::Struck(at) => format!("STRUCK OUT since {}", utc(at)),
    }
}

fn describe_public(what: &str, key: &PublicKey) -> String {
    let mut text = format!("{what}\n  id         {}\n  public     {key}\n", key.id());
    if let Err(error) = key.verifier() {
        text.push_str(&format!("  UNUSABLE   {error}\n"));
    }
    text
}

fn describe_secret(path: &Path) -> anyhow::Result<String> {
    let (what, key) = match pem::read_secret(path, None) {
        Err(error) if error.needs_passphrase() => {
            let Some(passphrase) = effects::passphrase_from_environment()? else {
                return Ok(
                    "private key, encrypted\n  set USHER_PASSPHRASE to see its public half\n".to_owned(),
                );
            };
            (
                "private key, encrypted",
                pem::read_secret(path, Some(&passphrase))?,
            )
        }
        read => ("private key, not encrypted", read?),
    };
    Ok(describe_public(what, &key.public()))
}

fn describe_json(bytes: &[u8]) -> anyhow::Result<String> {
    let value: Value = serde_json::from_slice(bytes).context("it is neither JSON nor PEM")?;
    let has = |member| value.get(member).is_some();
    if has("bundle") {
        describe_bundle(&typed(value)?)
    } else if has("ticket_key") {
        describe_request(&typed(value)?)
    } else if has("via") {
        describe_identity(&typed(value)?)
    } else if has("certificate") {
        describe_certificate("device certificate", &typed(value)?)
    } else {
        bail!("it is neither a trust bundle, nor a device certificate, nor a key request");
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(value)?)
}

fn describe_request(request: &KeyRequest) -> anyhow::Result<String> {
    let mut text = format!("key request\n  event      {}\n", request.event);
    for (purpose, key) in [
        ("ticket", request.ticket_key),
        ("authority", request.authority_key),
        ("issuing", request.issuing_key),
    ] {
        writeln!(text, "  {purpose:<9}  {}  {key}", key.id())?;
    }
    let (from, until) = (utc(request.not_before), utc(request.not_after));
    writeln!(text, "  believed   from {from} until {until}")?;
    if let Err(error) = request.check() {
        writeln!(text, "  UNUSABLE   {error}")?;
    }
    Ok(text)
}

fn describe_identity(identity: &DeviceIdentity) -> anyhow::Result<String> {
    let mut text = describe_certificate("device certificate", &identity.certificate)?;
    if let Some(via) = &identity.via {
        text.push_str(&describe_certificate("issued by the hub of", via)?);
    }
    Ok(text)
}

fn describe_certificate(what: &str, signed: &SignedCertificate) -> anyhow::Result<String> {
    let certificate = &signed.certificate;
    let mut text = format!("{what}\n  event      {}\n", certificate.event);
    let (id, device) = (certificate.device.id(), certificate.device);
    writeln!(text, "  device     {id}  {device}")?;
    // Names come from strangers: escaped, so that none of them moves the cursor.
    writeln!(text, "  name       {:?}", certificate.name)?;
    writeln!(text, "  role       {}", describe_role(certificate))?;
    let gates: Vec<_> = certificate.gates.iter().map(u16::to_string).collect();
    let gates = if gates.is_empty() {
        "every gate".to_owned()
    } else {
        gates.join(", ")
    };
    writeln!(text, "  gates      {gates}")?;
    let (from, until) = (utc(certificate.window.from), utc(certificate.window.until));
    writeln!(text, "  valid      from {from} until {until}")?;
    writeln!(text, "  issuer     {}  {}", signed.issuer.id(), signed.issuer)?;
    let body = usher_keys::codec::encode(certificate);
    match signed
        .issuer
        .verify(Domain::Certificate, &body, &signed.signature)
    {
        Ok(()) => writeln!(
            text,
            "  signature  the issuer's; whether a bundle trusts it is not checked"
        )?,
        Err(_) => writeln!(text, "  signature  DOES NOT VERIFY")?,
    }
    Ok(text)
}

fn describe_role(certificate: &Certificate) -> String {
    let mut role = match certificate.role {
        Role::Cloud => "cloud",
        Role::Hub => "hub",
        Role::Scanner => "scanner",
    }
    .to_owned();
    if certificate.capabilities.enrol_scanners {
        role.push_str(", may enrol scanners");
    }
    if certificate.capabilities.override_refusals {
        role.push_str(", may override refusals");
    }
    role
}
