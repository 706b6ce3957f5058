//! What keeps a station's board true between scans: hints, notices, the status line and the figures; answers are the station's.

use std::io::{self, Write};
use std::time::Duration;

use usher_words::scanner as words;

use super::{FIGURES_EVERY, Station};
use crate::readings::SeenFrame;
use crate::status::ScannerStatus;

impl<W: Write, F: Fn() -> ScannerStatus> Station<W, F> {
    /// Shows what the camera sees, apart from codes.
    pub(super) fn show(&mut self, view: &SeenFrame, at_ms: u64) -> io::Result<()> {
        if let Some(figures) = &mut self.figures {
            figures.statistics.add(view, at_ms);
        }
        if !view.codes.is_empty() {
            self.advice.read(at_ms);
        } else if let Some(hint) = view.hint {
            self.advice.given(hint, at_ms);
        }
        let is_new = view.preview.is_some();
        if is_new {
            self.board.preview.clone_from(&view.preview);
        }
        self.advise()?;
        if is_new {
            self.screen.refreshed(&self.board)
        } else {
            Ok(())
        }
    }

    /// Brings the hint up to date.
    pub(super) fn advise(&mut self) -> io::Result<()> {
        let hint = self.advice.at(self.clock.now_ms());
        if self.board.hint == hint {
            return Ok(());
        }
        self.board.hint = hint;
        self.screen.hinted(&self.board)
    }

    /// Changes the notice; the same one again is not repeated.
    pub(super) fn notice(&mut self, notice: Option<String>) -> io::Result<()> {
        if self.board.notice == notice {
            return Ok(());
        }
        self.board.notice = notice;
        self.screen.noticed(&self.board)
    }

    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let now_ms = self.clock.now_ms();
        let stalled = |limit_ms| now_ms.saturating_sub(self.last_reading_ms) >= limit_ms;
        if self.pace.stalled_ms.is_some_and(stalled) {
            self.board.preview = None;
            self.notice(Some(words::NO_PICTURES.to_owned()))?;
        }
        if self
            .last_answer
            .as_ref()
            .is_some_and(|shown| now_ms >= shown.until_ms)
        {
            self.last_answer = None;
            self.board.answer = None;
        }
        self.advise()?;
        self.show_figures(FIGURES_EVERY);
        self.update_status()?;
        self.screen.refreshed(&self.board)
    }

    /// Brings up to date how the scanner stands, and tells when it may judge nothing, of its certificate and of its clock when that is news.
    pub(super) fn update_status(&mut self) -> io::Result<()> {
        let ScannerStatus {
            line,
            certificate,
            bar,
            clock,
            clock_health,
        } = (self.status)();
        let is_clock_news =
            clock.is_some() && (self.board.clock.is_none() || clock_health.is_news_after(self.told_of_clock));
        if is_clock_news {
            self.told_of_clock = clock_health;
        }
        let level = certificate.as_ref().map(|note| note.level);
        let is_news = level.is_some() && level != self.board.certificate.as_ref().map(|note| note.level);
        let is_bar_news = bar.is_some() && bar != self.board.bar;
        self.board.status_line = line;
        self.board.bar = bar;
        self.board.certificate = certificate;
        self.board.clock = clock;
        if let Some(words) = self.board.bar.clone().filter(|_| is_bar_news) {
            self.screen.notice(&words, &self.board)?;
        }
        if let Some(words) = self.board.clock.clone().filter(|_| is_clock_news) {
            self.screen.notice(&words, &self.board)?;
        }
        if is_news {
            return self.screen.warned(&self.board);
        }
        Ok(())
    }

    /// Puts the figures on the board; where there is no panel, into the log when that was last done so long ago.
    pub(super) fn show_figures(&mut self, every: Duration) {
        let now_ms = self.clock.now_ms();
        let Some(telling) = &mut self.figures else {
            return;
        };
        self.board.figures = telling.statistics.figures(now_ms);
        let is_due = u128::from(now_ms - telling.last_ms) >= every.as_millis();
        if let Some(figures) = self.board.figures
            && is_due
            && !self.screen.is_panel()
        {
            telling.last_ms = now_ms;
            tracing::info!("{figures}");
        }
    }
}
