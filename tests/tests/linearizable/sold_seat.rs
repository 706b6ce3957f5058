//! One seat as whoever is alone with a cloud would find it over HTTP. The cloud's clock is not the asker's, so an answer that depends on
//! the time is right if there is a moment between question and answer at which it is.

use stateright::semantics::SequentialSpec;

/// What is asked of the seat; moments are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Hold {
        reservation: u64,
        from: u64,
    },
    Release {
        reservation: u64,
    },
    Begin {
        reservation: u64,
        booking: u64,
        from: u64,
    },
    End {
        booking: u64,
    },
    Show {
        reservation: u64,
        from: u64,
    },
    Revoke {
        booking: u64,
    },
    ShowTicket {
        booking: u64,
    },
}

/// What is answered, and by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Held {
        until: u64,
        at: u64,
    },
    Taken,
    Released,
    /// It is being paid or was.
    Busy,
    Begun,
    Ended {
        at: u64,
    },
    Sold,
    Declined,
    SeenHeld,
    SeenPaying,
    SeenBooked,
    /// Released or expired.
    Gone {
        at: u64,
    },
    Revoked,
    Valid,
    /// Nobody has heard yet.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    Free,
    Held {
        by: u64,
        until: u64,
    },
    Paying {
        by: u64,
        until: u64,
        booking: u64,
    },
    Booked {
        by: u64,
        booking: u64,
        is_revoked: bool,
    },
}

/// The seat.
#[derive(Debug, Clone, Default)]
pub struct SoldSeat(Standing);

impl SequentialSpec for SoldSeat {
    type Op = Asked;
    type Ret = Reply;

    /// Every question is answered before a history is checked.
    fn invoke(&mut self, _: &Asked) -> Reply {
        Reply::Nothing
    }

    fn is_valid_step(&mut self, asked: &Asked, reply: &Reply) -> bool {
        let Some(after) = self.0.after(*asked, *reply) else {
            return false;
        };
        self.0 = after;
        true
    }
}

impl Standing {
    /// Returns how the seat stands afterwards; `None` if nobody may be answered so.
    fn after(self, asked: Asked, reply: Reply) -> Option<Self> {
        match asked {
            Asked::Hold { reservation, from } => self.hold(reservation, from, reply),
            Asked::Release { reservation } => self.release(reservation, reply),
            Asked::Begin {
                reservation,
                booking,
                from,
            } => self.begin((reservation, booking), from, reply),
            Asked::End { booking } => self.end(booking, reply),
            Asked::Show { reservation, from } => self.is_seen(reservation, from, reply).then_some(self),
            Asked::Revoke { booking } => self.ticket(booking, true, reply),
            Asked::ShowTicket { booking } => self.ticket(booking, false, reply),
        }
    }

    /// Tells whether it is free at that moment: whoever is answered later may find it so.
    fn is_free_at(self, moment: u64) -> bool {
        match self {
            Self::Free => true,
            Self::Held { until, .. } => until <= moment,
            Self::Paying { .. } | Self::Booked { .. } => false,
        }
    }

    fn is_bound_to(self, reservation: u64) -> bool {
        matches!(self, Self::Paying { by, .. } | Self::Booked { by, .. } if by == reservation)
    }

    fn hold(self, by: u64, from: u64, reply: Reply) -> Option<Self> {
        if let Reply::Held { until, at } = reply {
            return self.is_free_at(at).then_some(Self::Held { by, until });
        }
        (reply == Reply::Taken && !self.is_free_at(from)).then_some(self)
    }

    fn release(self, reservation: u64, reply: Reply) -> Option<Self> {
        if self.is_bound_to(reservation) {
            return (reply == Reply::Busy).then_some(self);
        }
        let is_own = matches!(self, Self::Held { by, .. } if by == reservation);
        (reply == Reply::Released).then_some(if is_own { Self::Free } else { self })
    }

    fn begin(self, (reservation, booking): (u64, u64), from: u64, reply: Reply) -> Option<Self> {
        match (self, reply) {
            (Self::Held { by, until }, Reply::Begun) => {
                (by == reservation && from < until).then_some(Self::Paying { by, until, booking })
            }
            (Self::Held { by, until }, Reply::Ended { at }) => {
                (by != reservation || until <= at).then_some(self)
            }
            (_, Reply::Ended { .. }) => (!self.is_bound_to(reservation)).then_some(self),
            (_, Reply::Busy) => self.is_bound_to(reservation).then_some(self),
            _ => None,
        }
    }

    fn end(self, ended: u64, reply: Reply) -> Option<Self> {
        let Self::Paying { by, until, booking } = self else {
            return None;
        };
        let sold = Self::Booked {
            by,
            booking,
            is_revoked: false,
        };
        let outcomes = [(Reply::Sold, sold), (Reply::Declined, Self::Held { by, until })];
        let outcome = outcomes.into_iter().find(|(possible, _)| *possible == reply)?;
        (booking == ended).then_some(outcome.1)
    }

    fn is_seen(self, reservation: u64, from: u64, reply: Reply) -> bool {
        let held_until = match self {
            Self::Held { by, until } if by == reservation => Some(until),
            Self::Free | Self::Held { .. } | Self::Paying { .. } | Self::Booked { .. } => None,
        };
        let is_bound = self.is_bound_to(reservation);
        if let Reply::Gone { at } = reply {
            return !is_bound && held_until.is_none_or(|until| until <= at);
        }
        let is_paying = is_bound && matches!(self, Self::Paying { .. });
        reply == Reply::SeenHeld && held_until.is_some_and(|until| from < until)
            || reply == Reply::SeenPaying && is_paying
            || reply == Reply::SeenBooked && is_bound && !is_paying
    }

    fn ticket(self, of: u64, revokes: bool, reply: Reply) -> Option<Self> {
        let Self::Booked {
            by,
            booking,
            is_revoked,
        } = self
        else {
            return None;
        };
        let may_be_void = revokes || is_revoked;
        let is_right = booking == of
            && (reply == Reply::Revoked && may_be_void || reply == Reply::Valid && !may_be_void);
        is_right.then_some(Self::Booked {
            by,
            booking,
            is_revoked: may_be_void,
        })
    }
}
