//! Settings of mail: the server that takes letters to buyers, and whom they are from.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

use super::ConfigError;

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// It begins in the clear and goes on encrypted, or not at all (RFC 3207).
    Starttls,
    /// It is encrypted from the beginning (RFC 8314).
    Tls,
    /// Not at all: within one machine.
    None,
}

impl MailSecurity {
    /// Returns the port that is usual for it.
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Settings of mail; none is sent unless they name a server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// The host of the mail server. Empty: no mail is sent.
    pub server: String,
    /// Its port; 0 is the usual one.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: MailSecurity,
    /// Who logs in there. Empty: nobody does.
    pub user: String,
    /// The file that holds their password, and nothing else.
    pub password_file: PathBuf,
    /// A file of certificates (PEM) that the server's may be signed with, beside the public ones.
    pub ca_file: PathBuf,
    /// The address that letters are from; the organizer's name goes before it.
    pub from: String,
    /// Where answers go. Empty: to the address that letters are from.
    pub reply_to: String,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: 0,
            security: MailSecurity::Starttls,
            user: String::new(),
            password_file: PathBuf::new(),
            ca_file: PathBuf::new(),
            from: String::new(),
            reply_to: String::new(),
        }
    }
}

impl MailSettings {
    /// Tells whether mail is sent.
    pub fn is_set(&self) -> bool {
        !self.server.is_empty()
    }

    /// Checks what one setting says of another.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_mailbox = |text: &str| text.parse::<Mailbox>().is_ok();
        let is_here = matches!(self.server.as_str(), "127.0.0.1" | "localhost" | "::1");
        let has_password = !self.password_file.as_os_str().is_empty();
        let rules = [
            (
                "mail.server",
                self.is_set() || *self == Self::default(),
                "given when anything else of [mail] is",
            ),
            (
                "mail.from",
                !self.is_set() || is_mailbox(&self.from),
                "an address such as tickets@owls.example when mail.server is given",
            ),
            (
                "mail.reply_to",
                self.reply_to.is_empty() || is_mailbox(&self.reply_to),
                "empty, or an address such as box-office@owls.example",
            ),
            (
                "mail.security",
                self.security != MailSecurity::None || is_here || !self.is_set(),
                "starttls or tls: none is for a mail server on this machine (127.0.0.1)",
            ),
            (
                "mail.password_file",
                self.user.is_empty() != has_password,
                "given together with mail.user, or neither of them",
            ),
        ];
        match rules.into_iter().find(|(_, is_kept, _)| !is_kept) {
            Some((key, _, expected)) => Err(ConfigError::OutOfRange { key, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> MailSettings {
        MailSettings {
            server: "mail.owls.example".into(),
            from: "tickets@owls.example".into(),
            ..MailSettings::default()
        }
    }

    #[track_caller]
    fn check(settings: &MailSettings, wrong: Option<&str>) {
        let key = match settings.check() {
            Ok(()) => None,
            Err(ConfigError::OutOfRange { key, .. }) => Some(key),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(key, wrong, "{settings:?}");
    }

    #[test]
    fn what_one_setting_says_of_another_is_checked() {
        check(&MailSettings::default(), None);
        check(&set(), None);
        let from = "Owl Nights <tickets@owls.example>".to_owned();
        check(&MailSettings { from, ..set() }, None);
        let from = "owls".to_owned();
        check(&MailSettings { from, ..set() }, Some("mail.from"));
        let server = String::new();
        check(&MailSettings { server, ..set() }, Some("mail.server"));
        let user = "owls".to_owned();
        check(&MailSettings { user, ..set() }, Some("mail.password_file"));
        let security = MailSecurity::None;
        check(&MailSettings { security, ..set() }, Some("mail.security"));
        let here = MailSettings {
            server: "127.0.0.1".into(),
            security,
            ..set()
        };
        check(&here, None);
        let reply_to = "nobody".to_owned();
        check(&MailSettings { reply_to, ..set() }, Some("mail.reply_to"));
    }
}
