//! Everything that depends on an event's date, each in a line: what it is, what becomes of it, and who has to do something.

use serde::Serialize;
use usher_keys::{Role, Window};
use usher_words::enrolment;
use usher_words::organizer::moving::{self as names, Fate, fate};
use utoipa::ToSchema;

use crate::catalogue::EventStatus;
use crate::moment::Moment;
use crate::moving::{Dates, moved_policy};
use crate::selling::sale::{SaleStatus, keys_needed_until};

use super::survey::{Device, Survey};

/// Something that depends on an event's date.
#[derive(Debug, Serialize, ToSchema)]
pub struct DependentView {
    /// `sale`, `window`, `key`, `policy`, `certificate`, `enrolment_codes`, `turnstile_tokens`, `checkpoint`, `reservations`,
    /// `tickets` or `passages`.
    #[schema(example = "window")]
    pub kind: &'static str,
    /// Which one, for people.
    #[schema(example = "Stalls")]
    pub name: String,
    /// From when it is good now, if that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Moment>,
    /// Until when it is good now, if it has an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
    /// From when it is good once the event is moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub then_from: Option<Moment>,
    /// Until when it is good once the event is moved and everything is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub then_until: Option<Moment>,
    /// Who has to do something: `nobody` (it moves along), `organizer`, or `root` (see `to_sign`).
    #[schema(example = "nobody")]
    pub by: &'static str,
    /// What becomes of it, in a sentence.
    pub what: String,
}

const NOBODY: &str = "nobody";
const ORGANIZER: &str = "organizer";
const ROOT: &str = "root";

impl DependentView {
    fn new((kind, name): (&'static str, &str), by: &'static str, what: Fate<'_>) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            from: None,
            until: None,
            then_from: None,
            then_until: None,
            by,
            what: fate(what),
        }
    }

    fn between(self, now: Window, then: Window) -> Self {
        Self {
            from: Some(Moment(now.from)),
            then_from: Some(Moment(then.from)),
            ..self.ending((Moment(now.until), Moment(then.until)))
        }
    }

    fn ending(self, (until, then_until): (Moment, Moment)) -> Self {
        Self {
            until: Some(until),
            then_until: Some(then_until),
            ..self
        }
    }
}

/// Lists everything that depends on the date of an event that is to be moved.
pub fn list(survey: &Survey) -> Vec<DependentView> {
    let mut all = vec![sale(survey)];
    all.extend(windows(survey));
    all.extend(policy(survey));
    all.extend(keys(survey));
    all.extend(survey.devices.iter().map(|device| certificate(survey, device)));
    all.extend(enrolment(survey));
    all.extend(sold(survey));
    all
}

fn sale(survey: &Survey) -> DependentView {
    let is_draft = survey.event.status == EventStatus::Draft;
    let was_over = survey.event.is_over(survey.now);
    let (by, what) = match survey.sale_status() {
        _ if is_draft => (NOBODY, Fate::SaleToCome),
        SaleStatus::Canceled => (NOBODY, Fate::SaleOver),
        SaleStatus::Paused => (ROOT, Fate::SalePauses),
        // Its organizer has said so, and that stays.
        SaleStatus::NotYet | SaleStatus::Stopped => (NOBODY, Fate::SaleGoesOn),
        SaleStatus::OnSale if was_over => (NOBODY, Fate::SaleBeginsAgain),
        SaleStatus::OnSale => (NOBODY, Fate::SaleGoesOn),
        SaleStatus::Over => (NOBODY, Fate::SaleOver),
    };
    let ends = (Moment(survey.event.ends_at), Moment(survey.to.ends_at));
    DependentView::new(("sale", &survey.event.name), by, what).ending(ends)
}

fn windows(survey: &Survey) -> Vec<DependentView> {
    let moved = moved_policy(&survey.event, survey.to);
    let tiers = survey.event.policy.tiers.iter().zip(&moved.tiers);
    let windows = tiers.flat_map(|(now, then)| {
        let pairs = now.windows.iter().zip(&then.windows);
        pairs.map(move |(now_window, then_window)| (now, *now_window, *then_window))
    });
    let line = |(tier, now, then): (&usher_protocol::policy::TierRules, Window, Window)| {
        DependentView::new(("window", &tier.name), NOBODY, Fate::WindowMoves).between(now, then)
    };
    windows.map(line).collect()
}

fn policy(survey: &Survey) -> Option<DependentView> {
    let is_same = moved_policy(&survey.event, survey.to) == survey.event.policy;
    let what = match (survey.event.status, is_same) {
        (EventStatus::Draft, _) => return None,
        (EventStatus::Published, true) => Fate::PolicyStays,
        (EventStatus::Published, false) => Fate::PolicyChanges,
    };
    Some(DependentView::new(("policy", names::POLICY), NOBODY, what))
}

fn keys(survey: &Survey) -> Vec<DependentView> {
    let Some(trust) = &survey.trust else {
        let missing = DependentView::new(("key", names::ALL_KEYS), ORGANIZER, Fate::KeysMissing);
        return vec![missing];
    };
    let needed = keys_needed_until(survey.to.ends_at);
    let wanted = crate::authority::keys_wanted_until(survey.to.ends_at, survey.now);
    let good = trust.bundle().keys().filter(|(_, trusted)| !trusted.is_struck());
    let line = |(purpose, trusted): (usher_keys::Purpose, &usher_keys::TrustedKey)| {
        let (window, name) = (trusted.window, format!("{purpose} key {}", trusted.key.id()));
        let (by, until, what) = if window.until < needed {
            (ROOT, wanted, Fate::KeyEndsEarly)
        } else {
            (NOBODY, window.until, Fate::Lasts)
        };
        let then = Window {
            from: window.from,
            until,
        };
        DependentView::new(("key", &name), by, what).between(window, then)
    };
    good.map(line).collect()
}

fn certificate(survey: &Survey, device: &Device) -> DependentView {
    let (certificate, needed) = (&device.certificate, keys_needed_until(survey.to.ends_at));
    let until = certificate.window.until;
    let end = Moment(until).to_string();
    let (by, then, what) = if needed <= until {
        (NOBODY, until, Fate::Lasts)
    } else if device.is_lasting {
        (NOBODY, needed, Fate::CertificateRenewed { link_by: &end })
    } else {
        (ORGANIZER, until, Fate::CertificateEnds { ends: &end })
    };
    let name = format!("{} {}", enrolment::role_name(certificate.role), certificate.name);
    DependentView::new(("certificate", &name), by, what).ending((Moment(until), Moment(then)))
}

fn enrolment(survey: &Survey) -> Vec<DependentView> {
    let codes = ("enrolment_codes", names::OPEN_CODES);
    let mut all = vec![DependentView::new(codes, NOBODY, Fate::CodesFollow)];
    let mut devices = survey.devices.iter();
    if devices.any(|device| device.certificate.role == Role::Hub) {
        let tokens = ("turnstile_tokens", names::TOKENS);
        all.push(DependentView::new(tokens, ORGANIZER, Fate::TokensEnd));
    }
    if survey.trust.is_some() {
        let checkpoint = ("checkpoint", names::CHECKPOINT);
        all.push(DependentView::new(checkpoint, NOBODY, Fate::CheckpointStays));
    }
    all
}

fn sold(survey: &Survey) -> Vec<DependentView> {
    let count = |of: fn(&crate::catalogue::TierCount) -> u32| -> u64 {
        survey.sales.tiers.iter().map(|tier| u64::from(of(tier))).sum()
    };
    let (held, booked) = (count(|tier| tier.held), count(|tier| tier.booked));
    let mut all = Vec::new();
    if held > 0 && Dates::of(&survey.event) != survey.to {
        let what = Fate::ReservationsEnd { places: held };
        let reservations = ("reservations", names::RESERVATIONS);
        all.push(DependentView::new(reservations, NOBODY, what));
    }
    if booked > 0 {
        let what = Fate::TicketsStay {
            places: booked,
            bookings: survey.sales.bookings,
        };
        all.push(DependentView::new(("tickets", names::TICKETS), ORGANIZER, what));
    }
    if survey.admitted > 0 {
        let what = Fate::EntriesStay {
            people: survey.admitted,
        };
        all.push(DependentView::new(("passages", names::PASSAGES), ORGANIZER, what));
    }
    all
}
