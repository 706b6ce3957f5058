//! What staff type at the running screen, carried out: orders for the next scans, overrides, and what is said against the records.

use std::io::{self, Write};

use usher_protocol::correction::NotAnnulled;
use usher_words::scanner as words;

use super::{SHOWN_MS, Shown, Station, draw_scan};
use crate::answer::ScanOutcome;
use crate::keys::{KeyCommand, Meant};
use crate::order::{Order, ShownCode, Wish};
use crate::overruling::Overruling;
use crate::presentation;
use crate::source::wedge::ChangedTerminal;
use crate::status::ScannerStatus;

impl<W: Write, F: Fn() -> ScannerStatus> Station<W, F> {
    /// Does what staff typed.
    pub(super) async fn entered(
        &mut self,
        line: &str,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        self.board.asked = None;
        let meant = self.keys.entered(line, self.orders.no_override());
        self.set_terminal()?;
        match meant {
            Meant::Do(command) => self.does(command, at_ms, judge).await,
            Meant::Say(words) => self.ask(words),
        }
    }

    /// Takes what a wedge typed at a terminal and ended by Enter, which is no whole ticket: what a supervisor types, or a foreign code.
    pub(super) async fn keyed(
        &mut self,
        line: String,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        if self.keys.takes(&line) {
            return self.entered(&line, at_ms, judge).await;
        }
        if line.is_empty() {
            return Ok(());
        }
        self.notice(None)?;
        self.see(line.into_bytes(), at_ms, judge).await
    }

    /// Goes back to scanning: a ticket is never the answer to a question.
    pub(super) fn drop_question(&mut self) -> io::Result<()> {
        if self.keys.forget() {
            self.board.asked = None;
            self.set_terminal()?;
        }
        Ok(())
    }

    /// Has the terminal show what is typed, or not, as the question that is open wants it.
    fn set_terminal(&mut self) -> io::Result<()> {
        // What was changed before is put back first.
        self.terminal = None;
        if self.keys.is_secret() {
            self.terminal = ChangedTerminal::hidden()?;
        } else if self.keys.is_asking() && self.asking.is_some() {
            self.terminal = ChangedTerminal::shown()?;
        }
        if let Some(asking) = &self.asking {
            asking.set(self.keys.is_asking());
        }
        Ok(())
    }

    async fn does(
        &mut self,
        command: KeyCommand,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        match command {
            KeyCommand::Persons(persons) => self.orders.persons = Some(persons),
            KeyCommand::Direction(direction) => self.orders.direction = direction,
            KeyCommand::Codes(codes) => {
                for code in codes {
                    let scan = ShownCode {
                        secret: draw_scan()?,
                        code: code.into_bytes(),
                    };
                    let order = self.orders.next(Wish::Judge);
                    self.carry_out(scan, order, at_ms, judge).await?;
                }
                return Ok(());
            }
            KeyCommand::Override(overruling) => {
                let Some(code) = self.orders.last.code().map(<[u8]>::to_vec) else {
                    return self.ask(words::SHOW_IT_FIRST.to_owned());
                };
                let (secret, order) = (draw_scan()?, self.orders.next(Wish::Override(overruling)));
                return self
                    .carry_out(ShownCode { secret, code }, order, at_ms, judge)
                    .await;
            }
            KeyCommand::Undo { why } => return self.undo(why, at_ms, judge).await,
            KeyCommand::UndoLast(said) => return self.undo_last(said, judge).await,
            KeyCommand::Count(counted) => {
                let order = self.orders.next(Wish::Count(counted));
                let nothing = ShownCode {
                    secret: draw_scan()?,
                    code: Vec::new(),
                };
                self.wait()?;
                let answer = judge(nothing, order).await;
                return self.corrected(answer);
            }
        }
        // What is asked from now on is another question than that of an open scan.
        self.debounce.ask_anew();
        self.board.place = self.orders.place();
        self.screen.notice(&self.board.place, &self.board)
    }

    /// Takes the last yes back.
    async fn undo(
        &mut self,
        why: String,
        at_ms: u64,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        let Some(passed) = self.orders.last.passed().cloned() else {
            return self.ask(words::NOTHING_TO_UNDO.to_owned());
        };
        let is_final = passed.is_final(self.clock.now_ms().max(at_ms));
        let ((scan, order), wish) = (passed.scan, Wish::Annul { why });
        // The home's record of it may not have come here, so that nobody else would know how long ago it was.
        let answer = match is_final {
            true => presentation::not_annulled(NotAnnulled::TooLate),
            false => judge(scan.clone(), Order { wish, ..order }).await,
        };
        if answer.outcome == presentation::ANNULLED {
            self.forget(&scan.code);
        }
        self.corrected(answer)
    }

    /// Takes back the last passage with the ticket shown last, by a supervisor's word.
    async fn undo_last(
        &mut self,
        said: Overruling,
        judge: &impl AsyncFn(ShownCode, Order) -> ScanOutcome,
    ) -> io::Result<()> {
        let Some(code) = self.orders.last.code().map(<[u8]>::to_vec) else {
            return self.ask(words::SHOW_IT_FIRST.to_owned());
        };
        let order = self.orders.next(Wish::AnnulLast(said));
        let scan = ShownCode {
            secret: draw_scan()?,
            code: code.clone(),
        };
        self.wait()?;
        let answer = judge(scan, order).await;
        if answer.outcome == presentation::ANNULLED {
            self.forget(&code);
        }
        self.corrected(answer)
    }

    /// Counts nobody in any more by the last yes, if it was by this code.
    fn forget(&mut self, code: &[u8]) {
        self.debounce.undone(code);
        if self.orders.last.undone(code) {
            self.board.counts.undone();
        }
    }

    /// Shows what came of what staff said against the records.
    fn corrected(&mut self, answer: ScanOutcome) -> io::Result<()> {
        self.last_answer = Some(Shown {
            code: Vec::new(),
            until_ms: self.clock.now_ms() + SHOWN_MS,
        });
        self.board.answered(answer);
        self.screen.answered(&self.board)
    }

    /// Says something to whoever types.
    fn ask(&mut self, words: String) -> io::Result<()> {
        self.screen.notice(&words, &self.board)?;
        self.board.asked = Some(words);
        self.screen.refreshed(&self.board)
    }
}
