//! What the service does with each request, and what it remembers.

use serde_json::{Value, json};

use super::form::Fields;
use super::lists;
use super::objects::{Decline, IntentStatus, PspIntent, declined};
use super::reply::PspReply;
use super::webhooks::{Endpoint, SECRET};

/// The card that is charged, and of which nobody hears.
pub const LOST_REPLY: &str = "pm_card_lostReply";
/// The card that is never charged: there are too many requests.
pub const TOO_MANY: &str = "pm_card_tooManyRequests";
/// The card that is charged, and the answer is a failure.
pub const FAILURE: &str = "pm_card_failure";
/// Most of what one intent may take, in minor units.
const MOST: i64 = 99_999_999;

/// What the service knows.
#[derive(Debug)]
pub struct Book {
    bank: String,
    intents: Vec<PspIntent>,
    refunds: Vec<PspRefund>,
    /// Where webhooks go.
    endpoints: Vec<Endpoint>,
    /// The events that no webhook has told of yet, and how many there were.
    untold: Vec<Value>,
    events: usize,
}

/// Money that was given back.
#[derive(Debug)]
struct PspRefund {
    intent: String,
    amount: i64,
    charge: Option<String>,
    /// When it was asked for, in seconds.
    created: u64,
    /// Whether the bank still has it.
    is_pending: bool,
}

impl Book {
    /// Makes an empty one; `bank` is where the pages of the banks are.
    pub fn new(bank: String) -> Self {
        Self {
            bank,
            intents: Vec::new(),
            refunds: Vec::new(),
            endpoints: Vec::new(),
            untold: Vec::new(),
            events: 0,
        }
    }

    /// Takes the events that webhooks are to tell of, and where these go.
    pub fn take_untold(&mut self) -> (Vec<Value>, Vec<Endpoint>) {
        (std::mem::take(&mut self.untold), self.endpoints.clone())
    }

    fn tell(&mut self, kind: &str, object: &Value) {
        self.events += 1;
        let id = format!("evt_{}", self.events);
        self.untold.push(event(&id, kind, object));
    }

    /// Tells endpoints how an intent stands, under a word of Stripe's.
    fn tell_of(&mut self, at: usize, word: &str) {
        let intent = self.intents[at].json(&self.bank, false);
        self.tell(&format!("payment_intent.{word}"), &intent);
    }

    /// Lets banks that took their time give back what they have.
    pub fn give_back(&mut self) {
        for number in 0..self.refunds.len() {
            if std::mem::take(&mut self.refunds[number].is_pending) {
                let refund = self.refund_json(number);
                self.tell("refund.updated", &refund);
            }
        }
    }

    /// Lets all banks that take their time answer.
    pub fn let_banks_answer(&mut self) {
        for id in self.ids() {
            self.succeed(&id);
        }
        self.give_back();
    }

    /// Answers a GET.
    pub fn show(&self, path: &str, fields: &Fields) -> PspReply {
        let known: &[&str] = match path {
            "/v1/refunds" => &["payment_intent", "limit", "created[gte]", "starting_after"],
            "/v1/payment_intents" => &["limit", "created[gte]", "starting_after"],
            "/v1/disputes" => &["payment_intent", "limit", "expand[", "created[gte]"],
            _ => &["expand["],
        };
        if let Some(unknown) = fields.unknown(known) {
            return unknown_parameter(unknown);
        }
        if path == "/v1/refunds" {
            return self.show_refunds(fields);
        }
        if path == "/v1/payment_intents" {
            let newest_first = self.intents.iter().rev();
            return lists::page(
                path,
                newest_first.map(|intent| intent.json(&self.bank, false)),
                fields,
            );
        }
        if path == "/v1/disputes" {
            return self.show_disputes(fields);
        }
        let expanded = fields.get("expand[]").or_else(|| fields.get("expand[0]"));
        let is_expanded = expanded == Some("latest_charge");
        let found = path
            .strip_prefix("/v1/payment_intents/")
            .and_then(|id| self.find(id));
        match found {
            Some(at) => PspReply::done(self.intents[at].json(&self.bank, is_expanded)),
            None => missing("intent"),
        }
    }

    fn show_refunds(&self, fields: &Fields) -> PspReply {
        let intent = fields.get("payment_intent");
        let of_intent = |number: &usize| intent.is_none_or(|intent| self.refunds[*number].intent == intent);
        let newest_first = (0..self.refunds.len()).rev().filter(of_intent);
        lists::page(
            "/v1/refunds",
            newest_first.map(|number| self.refund_json(number)),
            fields,
        )
    }

    fn show_disputes(&self, fields: &Fields) -> PspReply {
        let expanded = fields.get("expand[]").or_else(|| fields.get("expand[0]"));
        let is_expanded = expanded == Some("data.payment_intent");
        let of = fields.get("payment_intent");
        let is_asked_for =
            |intent: &&PspIntent| intent.dispute.is_some() && of.is_none_or(|of| intent.id == of);
        let found = self.intents.iter().rev().filter(is_asked_for);
        let data: Vec<_> = found
            .map(|intent| intent.dispute_json(&self.bank, is_expanded))
            .collect();
        PspReply::done(json!({"object": "list", "url": "/v1/disputes", "has_more": false, "data": data}))
    }

    fn refund_json(&self, number: usize) -> Value {
        let refund = &self.refunds[number];
        let metadata = refund.charge.as_ref().map(|charge| json!({"charge": charge}));
        let intent = self.intents.iter().find(|intent| intent.id == refund.intent);
        json!({
            "id": format!("re_{}", number + 1), "object": "refund", "amount": refund.amount, "created": refund.created,
            "currency": intent.map(|intent| &intent.currency),
            "payment_intent": refund.intent, "metadata": metadata.unwrap_or_else(|| json!({})),
            "status": if refund.is_pending { "pending" } else { "succeeded" },
        })
    }

    /// Answers a POST.
    pub fn change(&mut self, path: &str, fields: &Fields) -> PspReply {
        let known: &[&str] = match path.rsplit('/').next() {
            Some("payment_intents") => &["amount", "currency", "automatic_payment_methods[", "metadata["],
            Some("confirm") => &["payment_method", "return_url"],
            Some("refunds") => &["payment_intent", "amount", "reason", "metadata["],
            Some("webhook_endpoints") => &["url", "enabled_events["],
            _ if path.starts_with("/v1/disputes/") => &["evidence[uncategorized_text]", "submit"],
            _ => &[],
        };
        if let Some(unknown) = fields.unknown(known) {
            return unknown_parameter(unknown);
        }
        match path.split('/').skip(2).collect::<Vec<_>>()[..] {
            ["payment_intents"] => self.create(fields),
            ["payment_intents", id, "confirm"] => self.with(id, |book, at| book.confirm(at, fields)),
            ["payment_intents", id, "cancel"] => self.with(id, Self::cancel),
            ["disputes", id] => self.answer_dispute(id, fields),
            ["webhook_endpoints"] => self.add_endpoint(fields),
            ["refunds"] => {
                let id = fields.get("payment_intent").unwrap_or_default().to_owned();
                self.with(&id, |book, at| book.refund(at, fields))
            }
            _ => PspReply::refused(404, "invalid_request_error", "", "Unrecognized request URL"),
        }
    }

    /// Takes what is said about a dispute, and decides it: as with Stripe's test cards, the text says how.
    fn answer_dispute(&mut self, id: &str, fields: &Fields) -> PspReply {
        let is_it = |intent: &PspIntent| intent.dispute.is_some() && intent.dispute_id() == id;
        let Some(at) = self.intents.iter().position(is_it) else {
            return missing("dispute");
        };
        let decided = match fields.get("evidence[uncategorized_text]") {
            Some("winning_evidence") => "won",
            Some("losing_evidence") => "lost",
            _ => "under_review",
        };
        let is_open = matches!(self.intents[at].dispute, Some("needs_response" | "under_review"));
        if !is_open {
            return PspReply::refused(400, "invalid_request_error", "", "This dispute is already closed");
        }
        self.intents[at].dispute = Some(decided);
        let kind = if decided == "under_review" {
            "charge.dispute.updated"
        } else {
            "charge.dispute.closed"
        };
        let dispute = self.intents[at].dispute_json(&self.bank, false);
        self.tell(kind, &dispute);
        PspReply::done(dispute)
    }

    fn add_endpoint(&mut self, fields: &Fields) -> PspReply {
        let url = fields.get("url").filter(|url| url.starts_with("http"));
        let (Some(url), Some("*")) = (url, fields.get("enabled_events[0]")) else {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "parameter_missing",
                "Send a url and enabled_events[0]=*",
            );
        };
        self.endpoints.push(Endpoint { url: url.to_owned() });
        PspReply::done(json!({
            "id": format!("we_{}", self.endpoints.len()), "object": "webhook_endpoint", "url": url, "enabled_events": ["*"],
            "livemode": false, "secret": SECRET, "status": "enabled",
        }))
    }

    fn create(&mut self, fields: &Fields) -> PspReply {
        let amount = fields.get("amount").and_then(|amount| amount.parse().ok());
        let Some(amount) = amount.filter(|amount| (1..=MOST).contains(amount)) else {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "parameter_invalid_integer",
                "Invalid amount",
            );
        };
        let currency = fields.get("currency").unwrap_or_default();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return PspReply::refused(400, "invalid_request_error", "", "Invalid currency");
        }
        self.intents.push(PspIntent {
            id: format!("pi_{}", self.intents.len() + 1),
            amount,
            currency: currency.to_owned(),
            status: IntentStatus::RequiresPaymentMethod,
            declined: None,
            return_url: None,
            charge: fields.get("metadata[charge]").map(str::to_owned),
            refunded: 0,
            dispute: None,
            is_slow: false,
            created: lists::now(),
        });
        self.tell_of(self.intents.len() - 1, "created");
        self.shown(self.intents.len() - 1)
    }

    fn confirm(&mut self, at: usize, fields: &Fields) -> PspReply {
        if self.intents[at].status != IntentStatus::RequiresPaymentMethod {
            return self.unexpected(at);
        }
        let Some(said) = Said::of(fields.get("payment_method").unwrap_or_default()) else {
            let mut reply = missing("PaymentMethod");
            reply.body["error"]["param"] = json!("payment_method");
            return reply;
        };
        let Some(back) = fields.get("return_url") else {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "parameter_missing",
                "A return_url is needed",
            );
        };
        let intent = &mut self.intents[at];
        intent.return_url = Some(back.to_owned());
        intent.declined = None;
        intent.status = match said {
            Said::Yes => IntentStatus::Succeeded,
            Said::TakesBack => {
                intent.dispute = Some("needs_response");
                IntentStatus::Succeeded
            }
            Said::Asks => IntentStatus::RequiresAction,
            Said::Later => {
                intent.is_slow = true;
                IntentStatus::Processing
            }
            Said::No(decline) => {
                intent.declined = Some(decline);
                return self.declined(at, decline);
            }
        };
        let word = intent.status.word();
        self.tell_of(at, word);
        if self.intents[at].dispute.is_some() {
            let dispute = self.intents[at].dispute_json(&self.bank, false);
            self.tell("charge.dispute.created", &dispute);
        }
        self.shown(at)
    }

    fn declined(&mut self, at: usize, decline: Decline) -> PspReply {
        self.tell_of(at, "payment_failed");
        let mut error = declined(decline);
        error["payment_intent"] = self.intents[at].json(&self.bank, false);
        PspReply {
            status: 402,
            body: json!({ "error": error }),
            has_run: true,
        }
    }

    fn cancel(&mut self, at: usize) -> PspReply {
        match self.intents[at].status {
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresAction => {
                self.intents[at].status = IntentStatus::Canceled;
                self.tell_of(at, "canceled");
                self.shown(at)
            }
            IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => {
                self.unexpected(at)
            }
        }
    }

    fn refund(&mut self, at: usize, fields: &Fields) -> PspReply {
        let intent = &mut self.intents[at];
        let left = intent.amount - intent.refunded;
        if intent.status != IntentStatus::Succeeded {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "",
                "This PaymentIntent does not have a successful charge",
            );
        }
        if intent.is_taken_back() {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "charge_disputed",
                "The charge is disputed",
            );
        }
        if left == 0 {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "charge_already_refunded",
                "It has already been refunded",
            );
        }
        let amount = fields.get("amount");
        let amount = amount.map_or(Some(left), |amount| amount.parse().ok());
        let Some(amount) = amount.filter(|amount| (1..=left).contains(amount)) else {
            return PspReply::refused(
                400,
                "invalid_request_error",
                "",
                "The refund is greater than what is left",
            );
        };
        intent.refunded += amount;
        let (intent, is_pending) = (intent.id.clone(), intent.is_slow);
        let charge = fields.get("metadata[charge]").map(str::to_owned);
        self.refunds.push(PspRefund {
            intent,
            amount,
            charge,
            created: lists::now(),
            is_pending,
        });
        let refund = self.refund_json(self.refunds.len() - 1);
        self.tell("refund.created", &refund);
        PspReply::done(refund)
    }

    /// The buyer says on the bank's page whether they pay; tells whether the bank had asked.
    pub fn authenticate(&mut self, id: &str, pays: bool) -> bool {
        let Some(at) = self
            .find(id)
            .filter(|at| self.intents[*at].status == IntentStatus::RequiresAction)
        else {
            return false;
        };
        let intent = &mut self.intents[at];
        if pays {
            intent.status = IntentStatus::Succeeded;
        } else {
            intent.status = IntentStatus::RequiresPaymentMethod;
            intent.declined = Some(("payment_intent_authentication_failure", None));
        }
        self.tell_of(at, if pays { "succeeded" } else { "payment_failed" });
        true
    }

    /// A bank that took its time says yes; tells whether there was one.
    pub fn succeed(&mut self, id: &str) -> bool {
        let found = self
            .find(id)
            .filter(|at| self.intents[*at].status == IntentStatus::Processing);
        if let Some(at) = found {
            self.intents[at].status = IntentStatus::Succeeded;
            self.tell_of(at, "succeeded");
        }
        found.is_some()
    }

    /// Tells whether the bank waits for the buyer.
    pub fn is_asking(&self, id: &str) -> bool {
        self.find(id)
            .is_some_and(|at| self.intents[at].status == IntentStatus::RequiresAction)
    }

    /// Returns where the buyer comes back to.
    pub fn return_url(&self, id: &str) -> Option<String> {
        self.find(id).and_then(|at| self.intents[at].return_url.clone())
    }

    /// Returns what was taken and not given back.
    pub fn taken(&self) -> i64 {
        let paid = self
            .intents
            .iter()
            .filter(|intent| intent.status == IntentStatus::Succeeded && !intent.is_taken_back());
        paid.map(|intent| intent.amount - intent.refunded).sum()
    }

    /// Writes the event that tells of an intent; `None` if there is no such intent.
    pub fn event(&self, id: &str) -> Option<Value> {
        let intent = self.intents[self.find(id)?].json(&self.bank, false);
        let kind = format!("payment_intent.{}", intent["status"].as_str().unwrap_or_default());
        Some(event(&format!("evt_{id}"), &kind, &intent))
    }

    /// Lists the ids of the intents.
    pub fn ids(&self) -> Vec<String> {
        self.intents.iter().map(|intent| intent.id.clone()).collect()
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.intents.iter().position(|intent| intent.id == id)
    }

    fn with(&mut self, id: &str, then: impl FnOnce(&mut Self, usize) -> PspReply) -> PspReply {
        match self.find(id) {
            Some(at) => then(self, at),
            None => missing("payment_intent"),
        }
    }

    fn shown(&self, at: usize) -> PspReply {
        PspReply::done(self.intents[at].json(&self.bank, false))
    }

    fn unexpected(&self, at: usize) -> PspReply {
        let mut reply = PspReply::refused(
            400,
            "invalid_request_error",
            "payment_intent_unexpected_state",
            "It is in a state in which this cannot be done",
        );
        reply.body["error"]["payment_intent"] = self.intents[at].json(&self.bank, false);
        reply
    }
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
}

/// What a bank says to a card.
enum Said {
    Yes,
    TakesBack,
    Asks,
    Later,
    No(Decline),
}

impl Said {
    /// Stripe's own test cards, one whose bank takes its time, and those with which something goes wrong.
    fn of(payment_method: &str) -> Option<Self> {
        Some(match payment_method {
            "pm_card_visa" | LOST_REPLY | TOO_MANY | FAILURE => Self::Yes,
            "pm_card_createDispute" => Self::TakesBack,
            "pm_card_threeDSecure2Required" => Self::Asks,
            "pm_card_visa_processing" => Self::Later,
            "pm_card_visa_chargeDeclined" => Self::No(("card_declined", Some("generic_decline"))),
            "pm_card_visa_chargeDeclinedInsufficientFunds" => {
                Self::No(("card_declined", Some("insufficient_funds")))
            }
            "pm_card_chargeDeclinedExpiredCard" => Self::No(("expired_card", Some("expired_card"))),
            "pm_card_chargeDeclinedIncorrectCvc" => Self::No(("incorrect_cvc", Some("incorrect_cvc"))),
            _ => return None,
        })
    }
}

fn missing(thing: &str) -> PspReply {
    PspReply::refused(
        404,
        "invalid_request_error",
        "resource_missing",
        &format!("No such {thing}"),
    )
}

fn unknown_parameter(name: &str) -> PspReply {
    let message = format!("Received unknown parameter: {name}");
    PspReply::refused(400, "invalid_request_error", "parameter_unknown", &message)
}
