//! The world of the simulation: two processes that work on bookings, buyers, the network to the gateway, clocks; and the promises, which
//! are checked after every step.

mod people;
mod promises;
mod refunds;
mod taken_back;

use std::collections::BTreeMap;

use usher_cloud::selling::course::{PaymentCourse, PaymentStep, RefundStatus, StepResult, WaitFor};
use usher_cloud::selling::jobs::LeaseHolder;
use usher_cloud::selling::refunding::RefundHeard;
use usher_cloud::selling::{BookingState, Ending, PaymentId, PaymentNote};
use usher_keys::Timestamp;

use super::bank::{Bank, BankReply, BankRequest, Card};
use super::books::{Books, Issued};
use super::{BrokenTill, Cheat, PaymentFault, SaleShape};
use crate::sim::random::Random;
use refunds::RefundTask;
use taken_back::DisputeHappening;

/// How long a process waits for the gateway.
const PATIENCE_MS: u64 = 30_000;
/// How often a process looks for work, and renews what it works on.
const LOOK_MS: u64 = 2_500;
/// After the storm: longer than any payment, hold or refund takes.
const CALM_MS: u64 = 8 * 3_600_000;
/// When the world begins, so that clocks can be set back.
const START_MS: u64 = 100 * 3_600_000;
const PROCESSES: usize = 2;

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentTotals {
    pub steps: u64,
    pub confirmed: u64,
    pub declined: u64,
    pub expired: u64,
    pub canceled: u64,
    pub refunded: u64,
    /// Refunds after the sale that came to their end, and those that a person had to look into.
    pub given_back: u64,
    pub looked_into: u64,
    /// Refunds whose money a person gave by another way.
    pub given_outside: u64,
    /// Payments that a bank has taken back.
    pub taken_back: u64,
    /// How often somebody else took a booking over.
    pub taken_over: u64,
}

/// Plays a seed.
///
/// # Errors
///
/// [`BrokenTill`]: the first promise that was broken.
pub fn attempt(seed: u64, shape: &SaleShape) -> Result<PaymentTotals, BrokenTill> {
    let mut world = World::new(seed, shape.clone());
    world.begin();
    world.play(shape.storm_minutes * 60_000)?;
    world.calm();
    world.play(shape.storm_minutes * 60_000 + CALM_MS)?;
    world.check_the_end()?;
    Ok(world.outcome)
}

/// What happens at a moment.
#[derive(Debug, Clone)]
enum Happening {
    Buyer,
    /// A process looks for work, as long as it is the one that lives.
    Look {
        process: usize,
        life: u64,
    },
    /// A task does its next step.
    Step {
        task: usize,
    },
    Arrives {
        call: u64,
        task: usize,
        question: BankRequest,
    },
    Answered {
        call: u64,
        task: usize,
        reply: BankReply,
    },
    GaveUp {
        call: u64,
        task: usize,
    },
    BuyerAtBank {
        payment: usize,
    },
    BankDecides {
        payment: usize,
    },
    /// Somebody says that something has happened to a booking.
    Told {
        booking: usize,
    },
    /// Somebody who has bought wants the money back.
    AsksBack {
        booking: usize,
    },
    /// A task does the next step of its refund.
    RefundStep {
        task: usize,
    },
    /// Something happens to the money that a bank takes back.
    Dispute(DisputeHappening),
    /// A person has a refund tried again.
    Retries {
        refund: usize,
    },
    PaymentFault(PaymentFault),
    Starts {
        process: usize,
    },
    Lit,
}

/// Somebody who works on a booking.
struct Task {
    process: usize,
    life: u64,
    booking: usize,
    course: PaymentCourse,
    step: PaymentStep,
    card: Card,
    /// The payment it knows of.
    payment: Option<usize>,
    /// The question that it waits for.
    call: Option<u64>,
    is_over: bool,
}

#[derive(Clone, Copy, Default)]
struct Process {
    is_up: bool,
    /// How often it has started.
    life: u64,
    ahead_ms: i64,
    stalled_until: u64,
}

struct World {
    shape: SaleShape,
    random: Random,
    now: u64,
    happenings: BTreeMap<(u64, u64), Happening>,
    next: u64,
    bank: Bank,
    books: Books,
    processes: [Process; PROCESSES],
    tasks: Vec<Task>,
    refund_tasks: Vec<RefundTask>,
    is_dark: bool,
    outcome: PaymentTotals,
}

impl World {
    fn new(seed: u64, shape: SaleShape) -> Self {
        Self {
            books: Books::new(shape.places),
            random: Random::new(seed),
            shape,
            now: START_MS,
            happenings: BTreeMap::new(),
            next: 0,
            bank: Bank::default(),
            processes: [Process::default(); PROCESSES],
            tasks: Vec::new(),
            refund_tasks: Vec::new(),
            is_dark: false,
            outcome: PaymentTotals::default(),
        }
    }

    fn begin(&mut self) {
        for process in 0..PROCESSES {
            self.at(0, Happening::Starts { process });
        }
        let storm = self.shape.storm_minutes * 60_000;
        for _ in 0..self.shape.buyers {
            let when = self.random.below(storm);
            self.at(when, Happening::Buyer);
        }
        for fault in self.shape.faults.clone() {
            for _ in 0..self.random.between(1, 6) {
                let when = self.random.below(storm);
                self.at(when, Happening::PaymentFault(fault));
            }
        }
    }

    /// From here on all goes well.
    fn calm(&mut self) {
        self.shape.faults.clear();
        self.is_dark = false;
        for process in 0..PROCESSES {
            self.processes[process].ahead_ms = 0;
            if !self.processes[process].is_up {
                self.at(0, Happening::Starts { process });
            }
        }
        for payment in 0..self.bank.payments.len() {
            self.at(1_000, Happening::BankDecides { payment });
        }
    }

    fn at(&mut self, after_ms: u64, what: Happening) {
        self.next += 1;
        self.happenings.insert((self.now + after_ms, self.next), what);
    }

    fn has(&self, fault: PaymentFault) -> bool {
        self.shape.faults.contains(&fault)
    }

    fn play(&mut self, until_ms: u64) -> Result<(), BrokenTill> {
        while let Some(first) = self.happenings.first_entry() {
            if first.key().0 > START_MS + until_ms {
                break;
            }
            let ((now, _), what) = first.remove_entry();
            self.now = now;
            self.happen(what);
            self.outcome.steps += 1;
            self.check()?;
        }
        self.now = START_MS + until_ms;
        Ok(())
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Buyer => self.buyer(),
            Happening::Look { process, life } => self.look(process, life),
            Happening::Step { task } => self.step(task),
            Happening::Arrives { call, task, question } => self.arrives(call, task, question),
            Happening::Answered { call, task, reply } => self.answered(call, task, reply),
            Happening::GaveUp { call, task } => {
                if self.tasks.get(task).is_some_and(|task| task.call == Some(call)) {
                    self.result(task, StepResult::Silent);
                } else if self.is_asked(task, call) {
                    self.refund_heard(task, RefundHeard::Silent);
                }
            }
            Happening::BuyerAtBank { payment } => {
                let card = self.pick(&[Card::Good, Card::Good, Card::Bad, Card::Slow]);
                self.bank.buyer(payment, card);
                self.follow_up(payment);
            }
            Happening::BankDecides { payment } => {
                let card = self.pick(&[Card::Good, Card::Good, Card::Bad]);
                self.bank.decide(payment, card);
                self.follow_up(payment);
            }
            Happening::Told { booking } => self.told(booking),
            Happening::AsksBack { booking } => self.ask_back(booking),
            Happening::RefundStep { task } => self.refund_step(task),
            Happening::Dispute(what) => self.dispute_happens(what),
            Happening::Retries { refund } => self.retry(refund),
            Happening::PaymentFault(fault) => self.fault(fault),
            Happening::Starts { process } => self.starts(process),
            Happening::Lit => self.is_dark = false,
        }
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.random.index(among.len())]
    }

    // Processes.

    fn starts(&mut self, process: usize) {
        let found = &mut self.processes[process];
        if found.is_up {
            return;
        }
        (found.is_up, found.life) = (true, found.life + 1);
        let life = found.life;
        // It frees what it left behind, as whoever has the data directory.
        let (holder, now) = self.as_holder(process);
        let bookings = self.books.bookings.iter_mut().map(|row| &mut row.job);
        let refunds = self.books.refunds.iter_mut().map(|row| &mut row.job);
        for left in bookings.chain(refunds) {
            *left = left.map(|job| {
                if job.holder == Some(holder) {
                    job.freed(now)
                } else {
                    job
                }
            });
        }
        self.at(0, Happening::Look { process, life });
    }

    fn clock(&self, process: usize) -> Timestamp {
        Timestamp(self.now.saturating_add_signed(self.processes[process].ahead_ms))
    }

    fn as_holder(&self, process: usize) -> (LeaseHolder, Timestamp) {
        let number = u8::try_from(process).expect("few processes");
        (LeaseHolder([number; 16]), self.clock(process))
    }

    fn is_alive(&self, process: usize, life: u64) -> bool {
        self.processes[process].is_up && self.processes[process].life == life
    }

    fn is_stalled(&self, process: usize) -> bool {
        self.now < self.processes[process].stalled_until
    }

    fn look(&mut self, process: usize, life: u64) {
        if !self.is_alive(process, life) {
            return;
        }
        self.at(LOOK_MS, Happening::Look { process, life });
        if self.is_stalled(process) {
            return;
        }
        self.look_at_refunds((process, life));
        self.look_at_disputes(process);
        let (holder, now) = self.as_holder(process);
        for task in &self.tasks {
            if !task.is_over && task.process == process && task.life == life {
                self.books.lease(task.booking, (holder, now));
            }
        }
        for booking in 0..self.books.bookings.len() {
            if self.books.bookings[booking]
                .job
                .is_some_and(|job| job.is_due(now))
            {
                self.resume(process, booking);
            }
        }
    }

    fn resume(&mut self, process: usize, booking: usize) {
        let life = self.processes[process].life;
        let is_at_it = |task: &Task| !task.is_over && task.process == process && task.life == life;
        if self
            .tasks
            .iter()
            .any(|task| is_at_it(task) && task.booking == booking)
        {
            return;
        }
        let former = self.books.bookings[booking].job.and_then(|job| job.holder);
        if self.books.lease(booking, self.as_holder(process)) {
            self.outcome.taken_over += u64::from(former.is_some());
            self.work(process, booking, None);
        }
    }

    /// Begins to work on a booking; with a card if its own request does.
    fn work(&mut self, process: usize, booking: usize, card: Option<Card>) {
        let mut course = PaymentCourse::new(self.books.facts(booking), card.is_some());
        let step = course.first(self.clock(process));
        self.tasks.push(Task {
            process,
            life: self.processes[process].life,
            booking,
            course,
            step,
            card: card.unwrap_or(Card::Good),
            payment: self.books.bookings[booking].payment,
            call: None,
            is_over: false,
        });
        self.schedule(self.tasks.len() - 1);
    }

    fn schedule(&mut self, task: usize) {
        let stalled = self.processes[self.tasks[task].process].stalled_until;
        let after = stalled.saturating_sub(self.now) + self.random.below(50);
        self.at(after, Happening::Step { task });
    }

    // Steps.

    fn step(&mut self, task: usize) {
        let (process, life, booking) = {
            let found = &self.tasks[task];
            (found.process, found.life, found.booking)
        };
        if !self.is_alive(process, life) {
            self.tasks[task].is_over = true;
            return;
        }
        if self.is_stalled(process) {
            return self.schedule(task);
        }
        let holder = self.as_holder(process);
        let payment = self.tasks[task].payment;
        match self.tasks[task].step.clone() {
            PaymentStep::Open => {
                let amount = self.books.bookings[booking].paid();
                self.ask(task, BankRequest::Open { booking, amount });
            }
            PaymentStep::Charge => self.with_payment(task, payment, |task, payment| BankRequest::Charge {
                payment,
                card: task.card,
            }),
            PaymentStep::Fetch => {
                self.with_payment(task, payment, |_, payment| BankRequest::Fetch { payment })
            }
            PaymentStep::Cancel if self.shape.cheat == Some(Cheat::ReleasesUnasked) => {
                let canceled = usher_cloud::selling::course::PaymentStatus::Canceled(None);
                self.result(task, StepResult::Stands(canceled));
            }
            PaymentStep::Cancel => {
                self.with_payment(task, payment, |_, payment| BankRequest::Cancel { payment })
            }
            PaymentStep::Refund => {
                self.with_payment(task, payment, |_, payment| BankRequest::Refund { payment })
            }
            PaymentStep::Issue if self.is_dark => self.result(task, StepResult::NoKey),
            PaymentStep::Issue => match self.books.confirm(booking) {
                Issued::Yes => {
                    self.tasks[task].is_over = true;
                    self.think_better(booking);
                }
                Issued::Lost => self.result(task, StepResult::UnitsLost),
            },
            PaymentStep::NoteRefund => {
                self.note(task, &PaymentNote::Refunding, StepResult::RefundNoted);
            }
            PaymentStep::Await(wait) => self.wait(task, wait),
            PaymentStep::End(ending) => self.end(task, ending),
            PaymentStep::PutOff => {
                self.books.put_off(booking, holder);
                self.tasks[task].is_over = true;
            }
            PaymentStep::Leave => self.tasks[task].is_over = true,
        }
    }

    fn with_payment(
        &mut self,
        task: usize,
        payment: Option<usize>,
        question: impl FnOnce(&Task, usize) -> BankRequest,
    ) {
        let payment = payment.expect("nothing is asked about a payment before it is opened");
        let question = question(&self.tasks[task], payment);
        self.ask(task, question);
    }

    fn wait(&mut self, task: usize, wait: WaitFor) {
        let booking = self.tasks[task].booking;
        let note = PaymentNote::Waits(wait);
        if self
            .books
            .note(booking, &note, self.as_holder(self.tasks[task].process))
        {
            self.tasks[task].is_over = true;
        } else {
            self.result(task, StepResult::Overtaken);
        }
    }

    fn end(&mut self, task: usize, ending: Ending) {
        let (booking, process) = (self.tasks[task].booking, self.tasks[task].process);
        let known = self.tasks[task].payment;
        let is_closed = self.books.close((booking, known), ending, self.clock(process));
        self.tasks[task].is_over = true;
        if !is_closed && ending != Ending::Refunded {
            self.tasks[task].is_over = false;
            return self.result(task, StepResult::Overtaken);
        }
        let may_try_again = matches!(ending, Ending::Declined(_) | Ending::Canceled);
        if is_closed && may_try_again && self.random.percent(60) {
            let row = self.books.bookings[booking].clone();
            self.begin_booking(&row.places, row.is_free, Some(booking));
        }
    }

    fn note(&mut self, task: usize, note: &PaymentNote, noted: StepResult) {
        let (booking, process) = (self.tasks[task].booking, self.tasks[task].process);
        let is_noted = self.books.note(booking, note, self.as_holder(process));
        let has_tickets = self.books.bookings[booking].state == BookingState::Confirmed;
        let result = match (is_noted, has_tickets) {
            (true, _) => noted,
            (false, true) => StepResult::HasTickets,
            (false, false) => StepResult::Overtaken,
        };
        self.result(task, result);
    }

    fn result(&mut self, task: usize, result: StepResult) {
        let now = self.clock(self.tasks[task].process);
        let found = &mut self.tasks[task];
        found.call = None;
        found.step = found.course.next(result, now);
        self.schedule(task);
    }

    // The network.

    fn ask(&mut self, task: usize, question: BankRequest) {
        let call = self.send(task, question);
        self.tasks[task].call = Some(call);
    }

    /// Sends a question of a task's, of either kind, on its way.
    fn send(&mut self, task: usize, question: BankRequest) -> u64 {
        self.next += 1;
        let call = self.next;
        self.at(PATIENCE_MS, Happening::GaveUp { call, task });
        let copies = match (self.has(PaymentFault::LostQuestions), self.random.below(10)) {
            (true, 0) => 0,
            (true, 1) => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = self.has(PaymentFault::LostQuestions) && self.random.percent(10);
            let after = self.random.below(if late { 3 * PATIENCE_MS } else { 300 });
            self.at(after, Happening::Arrives { call, task, question });
        }
        call
    }

    /// Tells whether a task of a refund waits for the answer to a question.
    fn is_asked(&self, task: usize, call: u64) -> bool {
        let found = self.refund_tasks.get(task);
        found.is_some_and(|task| task.call == Some(call) && !task.is_over)
    }

    fn arrives(&mut self, call: u64, task: usize, question: BankRequest) {
        let reply = self.bank.hear(question);
        if let BankRequest::Charge { payment, .. } = question {
            self.follow_up(payment);
        }
        if self.has(PaymentFault::LostAnswers) && self.random.percent(15) {
            return;
        }
        let late = self.has(PaymentFault::LostAnswers) && self.random.percent(10);
        let after = self.random.below(if late { 2 * PATIENCE_MS } else { 300 });
        self.at(after, Happening::Answered { call, task, reply });
    }

    fn answered(&mut self, call: u64, task: usize, reply: BankReply) {
        if let BankReply::Gives(status) = reply {
            if self.is_asked(task, call) {
                self.refund_heard(task, RefundHeard::Stands(status));
            }
            return;
        }
        if self.tasks[task].call != Some(call) || self.tasks[task].is_over {
            return;
        }
        match reply {
            BankReply::Opened(payment) => {
                self.tasks[task].payment = Some(payment);
                if self.shape.cheat == Some(Cheat::ChargesUnwritten) {
                    return self.result(task, StepResult::Opened);
                }
                let note = PaymentNote::Opened(PaymentId(payment.to_string()));
                self.note(task, &note, StepResult::Opened);
            }
            BankReply::Stands(status) => {
                use usher_cloud::selling::course::PaymentStatus::{Canceled, Declined};
                let status = match (self.shape.cheat, status) {
                    (Some(Cheat::TrustsDeclines), Declined(reason)) => Canceled(Some(reason)),
                    (_, status) => status,
                };
                self.result(task, StepResult::Stands(status));
            }
            BankReply::Gives(_) => unreachable!("it is dealt with above"),
            BankReply::Refunded => self.result(task, StepResult::RefundStands(RefundStatus::Given)),
        }
    }
}
