//! What an organizer's people read when they log in, take an invitation, or change their password, and something of it is wrong.

/// Why what somebody entered is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInRefusal {
    /// Address, password or code are wrong, or the account waits: whoever tries does not learn which, not even that a password is right.
    LogIn,
    /// The code of somebody who is logged in is wrong.
    Code,
    /// So many of them were wrong that none is taken for a while.
    CodesWait,
    /// The password or the code of somebody who is logged in is wrong: whoever has found an open browser does not learn which.
    PasswordOrCode,
    /// Another password is too short or too long.
    NewPassword,
    /// The first password is.
    FirstPassword,
    /// The first code is not what the app shows.
    FirstCode,
}

/// Says what is wrong, and what to do.
pub fn refused(why: LogInRefusal) -> &'static str {
    match why {
        LogInRefusal::LogIn => {
            "The address, password or code is wrong. Each code works once: wait for the next one, and try again. After ten wrong codes in a row none is taken for a quarter of an hour."
        }
        LogInRefusal::Code => "The code is wrong, or was used before: wait for the next one.",
        LogInRefusal::CodesWait => {
            "There were too many wrong codes. Wait a quarter of an hour, and check that your phone's clock is right."
        }
        LogInRefusal::PasswordOrCode => {
            "The password or the code is wrong, and nothing was changed. Each code works once: wait for the next one. After ten wrong ones in a row none is taken for a quarter of an hour."
        }
        LogInRefusal::NewPassword => {
            "The new password is too short, or longer than 200 letters: take some words that nobody guesses."
        }
        LogInRefusal::FirstPassword => {
            "The password is too short, or longer than 200 letters: take some words that nobody guesses."
        }
        LogInRefusal::FirstCode => {
            "The code is not the one that the app shows now: look at the clock of your phone, and try the next one."
        }
    }
}
