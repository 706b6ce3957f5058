//! Sentences under headings, to be read aloud, beside those that were.

use usher_words::StaffMessage;

/// The file as it is written.
pub struct Sheet(String);

impl Sheet {
    /// Begins one.
    pub fn of(what: &str) -> Self {
        Self(format!("{what} Whoever changes a sentence reads it aloud.\n"))
    }

    /// Begins a part.
    pub fn about(&mut self, heading: &str) {
        self.0.push_str(&format!("\n# {heading}\n"));
    }

    /// Writes a line, once under a heading.
    pub fn line(&mut self, words: impl AsRef<str>) {
        let line = format!("{}\n", words.as_ref());
        let heading = self.0.rfind(['#', '[']).unwrap_or_default();
        if !self.0[heading..].contains(&format!("\n{line}")) {
            self.0.push_str(&line);
        }
    }

    /// Writes a message of two parts.
    pub fn says(&mut self, said: &StaffMessage) {
        self.line(said.line());
    }

    /// Compares the sheet with the one that is kept under a name beside the tests.
    #[track_caller]
    pub fn check(&self, name: &str, kept: &str) {
        if self.0 == kept {
            return;
        }
        let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        #[expect(
            clippy::disallowed_methods,
            reason = "so that a change that is meant can be read and committed"
        )]
        std::fs::write(&path, &self.0).expect("the folder for what tests write is there");
        panic!(
            "people read other words than before; read them aloud, then: cp {path} protocol/words/tests/{name}"
        );
    }
}
