//! Everything that depends on an event's date, each in a line: what it is, what becomes of it, and who has to do something.

use serde::Serialize;
use usher_keys::{Role, Window};
use usher_words::enrolment;
use utoipa::ToSchema;

use crate::catalogue::EventStatus;
use crate::moment::Moment;
use crate::moving::{Dates, moved_policy};
use crate::selling::sale::{SaleStatus, keys_needed_until, sale_status};

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
    fn new((kind, name): (&'static str, &str), by: &'static str, what: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            from: None,
            until: None,
            then_from: None,
            then_until: None,
            by,
            what: what.into(),
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
    let (by, what) = match sale_status(survey.to.ends_at, survey.believed_until, survey.now) {
        _ if is_draft => (
            NOBODY,
            "Not on sale yet. Once it is, tickets are sold until the event's end.",
        ),
        SaleStatus::Paused => (
            ROOT,
            "Paused until the keys are signed anew (`to_sign`), then tickets are sold until the new end.",
        ),
        SaleStatus::OnSale if was_over => (
            NOBODY,
            "It was over, and begins again: tickets are sold until the new end.",
        ),
        SaleStatus::OnSale => (NOBODY, "Goes on until the new end."),
        SaleStatus::Over => (NOBODY, "It is over."),
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
        let what = "Moves along, as far from the start as it was. Change it with PUT …/policy if that is not what you want.";
        DependentView::new(("window", &tier.name), NOBODY, what).between(now, then)
    };
    windows.map(line).collect()
}

fn policy(survey: &Survey) -> Option<DependentView> {
    let is_same = moved_policy(&survey.event, survey.to) == survey.event.policy;
    let what = match (survey.event.status, is_same) {
        (EventStatus::Draft, _) => return None,
        (EventStatus::Published, true) => "Stays as it is: it holds no dates.",
        (EventStatus::Published, false) => {
            "A new version is published; gates go by it once they have heard, so link each hub before the old date."
        }
    };
    Some(DependentView::new(("policy", "what gates go by"), NOBODY, what))
}

fn keys(survey: &Survey) -> Vec<DependentView> {
    let Some(trust) = &survey.trust else {
        let what = "There are none yet: ask for the key-request after the move, so that they are signed for the new date.";
        return vec![DependentView::new(("key", "all keys"), ORGANIZER, what)];
    };
    let needed = keys_needed_until(survey.to.ends_at);
    let wanted = crate::authority::keys_wanted_until(survey.to.ends_at, survey.now);
    let standing = trust.bundle().keys().filter(|(_, trusted)| !trusted.is_struck());
    let line = |(purpose, trusted): (usher_keys::Purpose, &usher_keys::TrustedKey)| {
        let (window, name) = (trusted.window, format!("{purpose} key {}", trusted.key.id()));
        let (by, until, what) = if window.until < needed {
            let what = "Ends too early: its window is prolonged by the roots (`to_sign`), under the same key, so that no ticket and no device is issued anew.";
            (ROOT, wanted, what)
        } else {
            (NOBODY, window.until, "Lasts long enough.")
        };
        let then = Window {
            from: window.from,
            until,
        };
        DependentView::new(("key", &name), by, what).between(window, then)
    };
    standing.map(line).collect()
}

fn certificate(survey: &Survey, device: &Device) -> DependentView {
    let (certificate, needed) = (&device.certificate, keys_needed_until(survey.to.ends_at));
    let until = certificate.window.until;
    let link_by = Moment(until);
    let (by, then, what) = if needed <= until {
        (NOBODY, until, "Lasts long enough.".to_owned())
    } else if device.is_lasting {
        let what = format!(
            "Renewed when it is next linked. If it is not linked before {link_by}, enrol it anew with `enroll --anew CODE`."
        );
        (NOBODY, needed, what)
    } else {
        let what = format!(
            "Was asked to last for some days only, and ends {link_by}: enrol it anew with `enroll --anew CODE`."
        );
        (ORGANIZER, until, what)
    };
    let name = format!("{} {}", enrolment::role_name(certificate.role), certificate.name);
    DependentView::new(("certificate", &name), by, what).ending((Moment(until), Moment(then)))
}

fn enrolment(survey: &Survey) -> Vec<DependentView> {
    let codes = "Open codes make devices that last until the new end.";
    let mut all = vec![DependentView::new(
        ("enrolment_codes", "open codes"),
        NOBODY,
        codes,
    )];
    if survey
        .devices
        .iter()
        .any(|device| device.certificate.role == Role::Hub)
    {
        let tokens = "Tokens of turnstiles end a week after they were made at the latest: make them anew at each hub for the new date.";
        all.push(DependentView::new(
            ("turnstile_tokens", "tokens of turnstiles"),
            ORGANIZER,
            tokens,
        ));
    }
    if survey.trust.is_some() {
        let checkpoint = "Stays as it is: the new dates follow it as records.";
        all.push(DependentView::new(
            ("checkpoint", "the newest checkpoint"),
            NOBODY,
            checkpoint,
        ));
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
        let what = format!(
            "{held} places are held or being paid for. Those that are held are given back, so that nobody pays for a date they have \
             not seen; payments that run become tickets for the new date."
        );
        all.push(DependentView::new(
            ("reservations", "open reservations"),
            NOBODY,
            what,
        ));
    }
    if booked > 0 {
        let what = format!(
            "{booked} places are sold in {} bookings. Their tickets stay good, with the codes they have, for the new date: tell the buyers.",
            survey.sales.bookings
        );
        all.push(DependentView::new(("tickets", "sold tickets"), ORGANIZER, what));
    }
    if survey.admitted > 0 {
        let what = format!(
            "{} people were let in already. A ticket for a single entry that was used stays used: reissue it to let its holder in again.",
            survey.admitted
        );
        all.push(DependentView::new(("passages", "people let in"), ORGANIZER, what));
    }
    all
}
