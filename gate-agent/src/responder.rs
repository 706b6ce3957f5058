//! What peers may ask of a hub: their certificates decide, then the admission path does; devices without a certificate come by HTTP.

use std::sync::Arc;
use std::time::Instant;

use usher_device::replica::{Access, Replica};
use usher_keys::{Certificate, PublicKey, Role};
use usher_link::Progress;
use usher_protocol::admission::Direction;
use usher_protocol::correction::{Corrected, Correction, PinnedCorrection};
use usher_protocol::plain;
use usher_protocol::request::{
    BY_PIN, HubNews, Inquiry, MAX_ADDRESS_BYTES, MAX_CODE_BYTES, MAX_HUBS_TOLD, Overriding, PinnedOverriding,
    Request, RequestError, Response, Scan, Told,
};

use crate::admission::AdmissionPath;
use crate::corrections::Corrections;
use crate::links::Links;
use crate::lookup::{LookupAsker, TicketLookup};
use crate::pins::SupervisorPins;

/// Answers the requests of scanners and other hubs.
pub struct HubResponder {
    /// Judges.
    pub path: Arc<AdmissionPath>,
    /// Finds tickets by their codes.
    pub lookup: Arc<TicketLookup>,
    /// Knows supervisors by their PINs.
    pub pins: SupervisorPins,
    /// Takes scans back and takes counts.
    pub corrections: Corrections,
    /// Who is linked.
    pub links: Arc<Links>,
}

impl HubResponder {
    /// Answers by these.
    pub fn new(
        path: &Arc<AdmissionPath>,
        lookup: &Arc<TicketLookup>,
        links: &Arc<Links>,
        (replica, access): (&Arc<Replica>, &Access),
    ) -> Self {
        Self {
            path: Arc::clone(path),
            lookup: Arc::clone(lookup),
            pins: SupervisorPins::new(access.clone()),
            corrections: Corrections::new(replica, links),
            links: Arc::clone(links),
        }
    }

    /// Lists the other hubs for a peer.
    fn news(&self, peer: &PublicKey) -> Vec<HubNews> {
        let mut news = self.links.hub_news(Instant::now());
        news.retain(|news| news.hub != *peer && news.address.len() <= MAX_ADDRESS_BYTES);
        news.truncate(MAX_HUBS_TOLD);
        news
    }
}

impl usher_link::Responder for HubResponder {
    async fn respond(&self, peer: &Certificate, request: Request, progress: &Progress) -> Response {
        check(peer, &request)?;
        let (path, asker) = (&self.path, peer.device);
        match request {
            Request::Judge(scan) => path.judge(asker, scan, progress).await,
            Request::JudgeAsHome(scan) => path.judge_as_home(asker, scan, progress).await,
            Request::Override(overriding) => path.override_refusal(asker, overriding, progress).await,
            Request::OverrideAsHome(overriding) => path.override_as_home(asker, overriding, progress).await,
            Request::OverrideByPin(PinnedOverriding { overriding, pin }) => {
                let by = self.pins.check(asker, &overriding.by, &pin).await?;
                let overriding = Overriding { by, ..overriding };
                path.override_refusal(asker, overriding, progress).await
            }
            Request::Inquire(_) | Request::CorrectByPin(_) => Err(RequestError::Malformed),
        }
    }

    fn heard(&self, _peer: &Certificate, response: &Response) {
        self.path.unheard().heard(response, Instant::now());
    }

    fn given_up(&self, _peer: &Certificate, response: &Response) {
        self.path.given_up(response);
    }

    async fn answer(&self, peer: &Certificate, inquiry: Inquiry, progress: &Progress) -> Told {
        let is_hub = match peer.role {
            Role::Cloud => return Told::NotAllowed,
            Role::Hub => true,
            Role::Scanner => false,
        };
        match inquiry {
            Inquiry::Ticket(code) => {
                let id = peer.device.0;
                self.lookup.find(code, LookupAsker { id, is_hub }, progress).await
            }
            Inquiry::Hubs => Told::Hubs(self.news(&peer.device)),
        }
    }

    async fn correct(
        &self,
        peer: &Certificate,
        pinned: PinnedCorrection,
        progress: &Progress,
    ) -> Result<Corrected, RequestError> {
        may_correct(peer, &pinned)?;
        let PinnedCorrection { correction, by, pin } = pinned;
        let by = self.pins.check(peer.device, &by, &pin).await?;
        let corrected = self.corrections.carry_out(peer, correction, by);
        progress.asking(corrected).await
    }
}

/// Checks whether the peer's certificate allows the request, and the request's form.
fn check(peer: &Certificate, request: &Request) -> Result<(), RequestError> {
    match request {
        Request::Judge(scan) => at_its_gate(peer, scan, peer.role != Role::Cloud),
        Request::JudgeAsHome(scan) => at_its_gate(peer, scan, peer.role == Role::Hub),
        // Whose PIN was seen, a hub says.
        Request::Override(overriding) if overriding.by.ends_with(BY_PIN) => Err(RequestError::Malformed),
        Request::Override(overriding) => may_override(peer, overriding, true),
        Request::OverrideAsHome(overriding) => may_override(peer, overriding, peer.role == Role::Hub),
        Request::OverrideByPin(PinnedOverriding { overriding, pin }) => {
            at_its_gate(peer, &overriding.scan, peer.role == Role::Scanner)?;
            is_well_said(overriding)?;
            pin.is_sound().then_some(()).ok_or(RequestError::Malformed)
        }
        Request::Inquire(_) | Request::CorrectByPin(_) => Ok(()),
    }
}

/// Checks who asks for a correction, and its form.
fn may_correct(peer: &Certificate, pinned: &PinnedCorrection) -> Result<(), RequestError> {
    if peer.role != Role::Scanner {
        return Err(RequestError::NotAllowed);
    }
    let is_well_said = is_said(&pinned.by)
        && match &pinned.correction {
            Correction::Undo { code, why, .. } => is_said(why) && code.len() <= MAX_CODE_BYTES,
            Correction::Count { .. } => true,
        };
    let is_sound = is_well_said && pinned.pin.is_sound();
    is_sound.then_some(()).ok_or(RequestError::Malformed)
}

fn may_override(peer: &Certificate, overriding: &Overriding, is_asker: bool) -> Result<(), RequestError> {
    let may = is_asker && peer.capabilities.override_refusals;
    at_its_gate(peer, &overriding.scan, may)?;
    is_well_said(overriding)
}

fn is_well_said(overriding: &Overriding) -> Result<(), RequestError> {
    // Whoever leaves is let out by the rules: an override outwards is asked by a program that knows too little.
    let inwards = overriding.scan.direction == Direction::In;
    if inwards && is_said(&overriding.by) && is_said(&overriding.why) {
        Ok(())
    } else {
        Err(RequestError::Malformed)
    }
}

fn is_said(text: &str) -> bool {
    plain::said(text) == Some(text)
}

fn at_its_gate(peer: &Certificate, scan: &Scan, may: bool) -> Result<(), RequestError> {
    if may && peer.serves(scan.gate.0) {
        Ok(())
    } else {
        Err(RequestError::NotAllowed)
    }
}

#[cfg(test)]
mod tests {
    use usher_device::rehearsal::{STRICT, certificate, scan};
    use usher_keys::Capabilities;
    use usher_protocol::pin::Pin;
    use usher_protocol::record::MAX_WORDS_BYTES;

    use super::*;

    /// What a device of that role may ask at gate 1, with or without the capability to override.
    #[track_caller]
    fn check_role(role: Role, may_override: bool, allowed: [bool; 5]) {
        let capabilities = Capabilities {
            enrol_scanners: false,
            override_refusals: may_override,
        };
        let peer = certificate(1, role, capabilities);
        let scan = scan(1, 1, STRICT);
        let said = |by: &str| Overriding {
            scan: scan.clone(),
            by: by.to_owned(),
            why: "lost in the crowd".to_owned(),
        };
        let overriding = |by: &str| Request::Override(said(by));
        let as_home = |by: &str| Request::OverrideAsHome(said(by));
        let by_pin = |by: &str, pin: &str| {
            let (overriding, pin) = (said(by), Pin::typed(pin).unwrap());
            Request::OverrideByPin(PinnedOverriding { overriding, pin })
        };
        let requests = [
            Request::Judge(scan.clone()),
            Request::JudgeAsHome(scan.clone()),
            overriding("Ada"),
            as_home("Ada"),
            by_pin("Ada", "482913"),
        ];
        assert_eq!(
            requests.each_ref().map(|request| check(&peer, request).is_ok()),
            allowed
        );
        let elsewhere = Certificate {
            gates: vec![2],
            ..peer.clone()
        };
        assert!(
            requests
                .iter()
                .all(|request| check(&elsewhere, request) == Err(RequestError::NotAllowed))
        );
        for nobody in [
            "",
            "  ",
            "A\u{1b}[2Jda",
            "Ada\u{202e}",
            &"x".repeat(MAX_WORDS_BYTES + 1),
        ] {
            assert!(check(&peer, &overriding(nobody)).is_err());
            assert!(check(&peer, &as_home(nobody)).is_err());
            assert!(check(&peer, &by_pin(nobody, "482913")).is_err());
        }
        // Only a hub has seen a PIN.
        assert!(check(&peer, &overriding("Ada (PIN)")).is_err());
        let (mut out, mut out_at_home) = (said("Ada"), said("Ada"));
        out.scan.direction = Direction::Out;
        out_at_home.scan.direction = Direction::Out;
        assert!(check(&peer, &Request::Override(out)).is_err());
        assert!(check(&peer, &Request::OverrideAsHome(out_at_home)).is_err());
    }

    #[test]
    fn a_certificate_gets_only_what_its_role_needs() {
        check_role(Role::Scanner, false, [true, false, false, false, true]);
        check_role(Role::Scanner, true, [true, false, true, false, true]);
        check_role(Role::Hub, false, [true, true, false, false, false]);
        check_role(Role::Hub, true, [true, true, true, true, false]);
        check_role(Role::Cloud, false, [false, false, false, false, false]);
    }

    #[test]
    fn only_a_scanner_has_something_corrected_and_says_so_plainly() {
        let pinned = |by: &str, why: &str, code: usize| PinnedCorrection {
            correction: Correction::Undo {
                code: vec![b'1'; code],
                direction: Direction::In,
                why: why.to_owned(),
            },
            by: by.to_owned(),
            pin: Pin::draw_from(482_913),
        };
        let peer = |role| certificate(1, role, Capabilities::default());
        let good = pinned("Ada", "went home", MAX_CODE_BYTES);
        assert_eq!(may_correct(&peer(Role::Scanner), &good), Ok(()));
        for role in [Role::Hub, Role::Cloud] {
            assert_eq!(may_correct(&peer(role), &good), Err(RequestError::NotAllowed));
        }
        for bad in [
            pinned("", "went home", 1),
            pinned("Ada", "A\u{1b}[2Jda", 1),
            pinned("Ada", "went home", MAX_CODE_BYTES + 1),
        ] {
            let refused = may_correct(&peer(Role::Scanner), &bad);
            assert_eq!(refused, Err(RequestError::Malformed));
        }
    }
}
