//! One thing said: what to do in large letters, and why below; who says what is the other files'.

/// What is said of a scan: a word or two to be read from two metres, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMessage {
    /// What to do, or what is wrong.
    pub title: String,
    /// Why, where and when.
    pub detail: Option<String>,
}

impl StaffMessage {
    pub(crate) fn new(title: &str, detail: impl Into<String>) -> Self {
        Self {
            title: title.to_owned(),
            detail: Some(detail.into()),
        }
    }

    pub(crate) fn plain(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            detail: None,
        }
    }

    /// Returns both in one line.
    pub fn line(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} \u{2014} {detail}", self.title),
            None => self.title.clone(),
        }
    }
}
