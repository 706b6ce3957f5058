//! One seat as whoever is alone with it would find it: what each operation does to it and is answered.

use std::collections::BTreeMap;

use stateright::semantics::SequentialSpec;
use usher_cloud::catalogue::Status;

/// How long a reservation holds, in milliseconds.
pub const HOLD_MS: u64 = 400;

/// What buyers and the organizer do to a seat; moments are in milliseconds, and who asks brings the time along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Hold { reservation: u64, at: u64 },
    Release { reservation: u64 },
    Begin { reservation: u64, booking: u64, at: u64 },
    Confirm { booking: u64 },
    Refund { booking: u64 },
    Cancel { booking: u64 },
    Revoke { booking: u64 },
    Tidy { at: u64 },
    Look { at: u64 },
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Taken,
    Expired,
    Paying,
    Booked,
    Released,
    Lost,
    NotOpen,
    Conflict,
    Seen(Status),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Held,
    Paying,
    Booked,
    Released,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paid {
    Open,
    Confirmed,
    Revoked,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Now {
    #[default]
    Free,
    Held {
        by: u64,
        until: u64,
    },
    Paying,
    Booked,
}

/// The seat, its reservations with their ends, and their bookings.
#[derive(Debug, Clone, Default)]
pub struct Seat {
    now: Now,
    reservations: BTreeMap<u64, (Stand, u64)>,
    bookings: BTreeMap<u64, (u64, Paid)>,
}

impl SequentialSpec for Seat {
    type Op = Operation;
    type Ret = Outcome;

    fn invoke(&mut self, operation: &Operation) -> Outcome {
        match *operation {
            Operation::Hold { reservation, at } => self.hold(reservation, at),
            Operation::Release { reservation } => self.release(reservation),
            Operation::Begin {
                reservation,
                booking,
                at,
            } => self.begin(reservation, booking, at),
            Operation::Confirm { booking } => self.confirm(booking),
            Operation::Refund { booking } => self.close(booking, Stand::Released),
            Operation::Cancel { booking } => self.close(booking, Stand::Held),
            Operation::Revoke { booking } => self.revoke(booking),
            Operation::Tidy { at } => self.tidy(at),
            Operation::Look { at } => Outcome::Seen(self.look(at)),
        }
    }
}

impl Seat {
    fn look(&self, at: u64) -> Status {
        match self.now {
            Now::Free => Status::Available,
            Now::Held { until, .. } if until <= at => Status::Available,
            Now::Held { .. } | Now::Paying => Status::Held,
            Now::Booked => Status::Booked,
        }
    }

    fn hold(&mut self, reservation: u64, at: u64) -> Outcome {
        if self.look(at) != Status::Available {
            return Outcome::Taken;
        }
        let until = at + HOLD_MS;
        self.now = Now::Held {
            by: reservation,
            until,
        };
        self.reservations.insert(reservation, (Stand::Held, until));
        Outcome::Done
    }

    fn is_held_by(&self, reservation: u64) -> bool {
        matches!(self.now, Now::Held { by, .. } if by == reservation)
    }

    fn release(&mut self, reservation: u64) -> Outcome {
        let is_own = self.is_held_by(reservation);
        match self.reservations.get_mut(&reservation) {
            Some((stand @ Stand::Held, _)) => {
                *stand = Stand::Released;
                if is_own {
                    self.now = Now::Free;
                }
                Outcome::Done
            }
            Some((Stand::Released, _)) => Outcome::Done,
            Some((Stand::Paying, _)) => Outcome::Paying,
            Some((Stand::Booked, _)) => Outcome::Booked,
            None => Outcome::Lost,
        }
    }

    fn begin(&mut self, reservation: u64, booking: u64, at: u64) -> Outcome {
        let is_own = self.is_held_by(reservation);
        match self.reservations.get_mut(&reservation) {
            Some((stand @ Stand::Held, until)) => {
                if *until <= at || !is_own {
                    return Outcome::Expired;
                }
                *stand = Stand::Paying;
                self.now = Now::Paying;
                self.bookings.insert(booking, (reservation, Paid::Open));
                Outcome::Done
            }
            Some((Stand::Released, _)) => Outcome::Released,
            Some((Stand::Paying, _)) => Outcome::Paying,
            Some((Stand::Booked, _)) => Outcome::Booked,
            None => Outcome::Lost,
        }
    }

    fn confirm(&mut self, booking: u64) -> Outcome {
        match self.bookings.get_mut(&booking) {
            Some((reservation, paid @ Paid::Open)) => {
                *paid = Paid::Confirmed;
                self.now = Now::Booked;
                let reservation = self.reservations.get_mut(reservation);
                reservation.expect("a booking has its reservation").0 = Stand::Booked;
                Outcome::Done
            }
            Some((_, Paid::Confirmed | Paid::Revoked)) => Outcome::Done,
            Some((_, Paid::Ended)) | None => Outcome::Lost,
        }
    }

    fn close(&mut self, booking: u64, leaves: Stand) -> Outcome {
        let Some((reservation, paid @ Paid::Open)) = self.bookings.get_mut(&booking) else {
            return Outcome::NotOpen;
        };
        *paid = Paid::Ended;
        let (by, entry) = (*reservation, self.reservations.get_mut(reservation));
        let (stand, until) = entry.expect("a booking has its reservation");
        *stand = leaves;
        self.now = match leaves {
            Stand::Held => Now::Held { by, until: *until },
            Stand::Paying | Stand::Booked | Stand::Released => Now::Free,
        };
        Outcome::Done
    }

    fn revoke(&mut self, booking: u64) -> Outcome {
        match self.bookings.get_mut(&booking) {
            Some((_, paid @ Paid::Confirmed)) => {
                *paid = Paid::Revoked;
                Outcome::Done
            }
            Some((_, Paid::Open | Paid::Revoked | Paid::Ended)) | None => Outcome::Conflict,
        }
    }

    fn tidy(&mut self, at: u64) -> Outcome {
        if matches!(self.now, Now::Held { until, .. } if until <= at) {
            self.now = Now::Free;
        }
        Outcome::Done
    }
}
