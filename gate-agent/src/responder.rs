//! What peers may ask of a hub: their certificates decide, then the admission path does; devices without a certificate come by HTTP.

use std::sync::Arc;
use std::time::Instant;

use usher_device::replica::{Access, Replica};
use usher_keys::{Certificate, PublicKey, Role};
use usher_link::Progress;
use usher_protocol::admission::Direction;
use usher_protocol::correction::{Correction, CorrectionOutcome, PinnedCorrection};
use usher_protocol::plain;
use usher_protocol::request::{
    BY_PIN, HubNews, Inquiry, MAX_ADDRESS_BYTES, MAX_CODE_BYTES, MAX_HUBS_TOLD, Overriding, PinnedOverriding,
    Request, RequestError, Response, Scan, Told,
};

use crate::admission::AdmissionPath;
use crate::corrections::Corrections;
use crate::links::Links;
use crate::lookup::{CodeLookup, LookupAsker};
use crate::pins::SupervisorPins;

/// Answers the requests of scanners and other hubs.
pub struct HubResponder {
    /// Judges.
    pub path: Arc<AdmissionPath>,
    /// Finds tickets by their codes.
    pub lookup: Arc<CodeLookup>,
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
        lookup: &Arc<CodeLookup>,
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
    ) -> Result<CorrectionOutcome, RequestError> {
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
mod tests;
