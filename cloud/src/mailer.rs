//! Handing letters to a mail server over SMTP. What a letter says, and when it is tried again, is decided elsewhere; nothing of an address or a
//! server's words gets into a log or a row.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, ensure};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::time::timeout;

use crate::config::mail::{MailSecurity, MailSettings};
use crate::letters::Delivery;

/// How long one answer of the mail server may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long a letter may take all told; its lease is renewed meanwhile.
const SENT_WITHIN: Duration = Duration::from_secs(60);
/// Connections to the mail server at once: servers that count give ten to twenty to one client.
pub const CONNECTIONS: u32 = 8;

/// A file that goes along with a letter.
#[derive(Debug, Clone)]
pub struct Enclosure {
    /// What it is called; ASCII.
    pub name: &'static str,
    /// What it is, as a media type.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A letter in words, ready to be sent.
#[derive(Clone)]
pub struct WrittenLetter {
    /// What makes it one and the same, however often it is sent: the left half of its Message-ID.
    pub id: String,
    /// The address it goes to.
    pub to: String,
    /// Whose name it is from.
    pub sender: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub enclosures: Vec<Enclosure>,
}

/// Who hands letters to the mail server of the settings.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Mailer {
    /// Makes one of the settings; `None` when they name no mail server.
    ///
    /// # Errors
    ///
    /// When a file that they name cannot be read, or does not hold what it should.
    pub fn open(settings: &MailSettings) -> anyhow::Result<Option<Self>> {
        if !settings.is_set() {
            return Ok(None);
        }
        let port = match settings.port {
            0 => settings.security.usual_port(),
            port => port,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.server.as_str())
            .port(port)
            .timeout(Some(ANSWER_WITHIN))
            .tls(tls(settings)?)
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if !settings.user.is_empty() {
            let file = settings.password_file.display();
            let password = fs::read_to_string(&settings.password_file).with_context(|| {
                format!("reading the password of the mail server from {file} (setting `mail.password_file`)")
            })?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            ensure!(
                !password.is_empty(),
                "{file} is empty: put the password of the mail server into it (setting `mail.password_file`)"
            );
            builder = builder.credentials(Credentials::new(settings.user.clone(), password));
        }
        let reply_to = Some(&settings.reply_to).filter(|text| !text.is_empty());
        Ok(Some(Self {
            transport: builder.build(),
            from: settings.from.parse().context("reading the setting `mail.from`")?,
            reply_to: reply_to
                .map(|text| text.parse().context("reading the setting `mail.reply_to`"))
                .transpose()?,
        }))
    }

    /// Returns why the mail server takes nothing now, in a word; `None` when it answers and lets us in.
    pub async fn trouble(&self) -> Option<String> {
        match timeout(SENT_WITHIN, self.transport.test_connection()).await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => Some(Delivery::Failed("no_answer").word()),
            Ok(Err(error)) => Some(failure(&error).word()),
            Err(_) => Some(Delivery::Failed("too_slow").word()),
        }
    }

    /// Sends a letter, and tells what the mail server said of it. Without its answer the letter may have been taken; sent again, it is the
    /// same one by its Message-ID.
    pub async fn send(&self, letter: WrittenLetter) -> Delivery {
        let Ok(message) = self.message(letter) else {
            return Delivery::NoAddress;
        };
        match timeout(SENT_WITHIN, self.transport.send(message)).await {
            Ok(Ok(_)) => Delivery::Taken,
            Ok(Err(error)) => failure(&error),
            Err(_) => Delivery::Failed("too_slow"),
        }
    }

    fn message(&self, letter: WrittenLetter) -> anyhow::Result<Message> {
        let to = Mailbox::new(None, letter.to.parse()?);
        let from = Mailbox::new(Some(one_line(&letter.sender)), self.from.email.clone());
        let domain = self.from.email.domain().to_owned();
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .from(from)
            .to(to)
            .subject(one_line(&letter.subject))
            .date_now()
            // RFC 3834: nobody's absence answers it.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let words = MultiPart::alternative_plain_html(letter.text, letter.html);
        if letter.enclosures.is_empty() {
            return Ok(builder.multipart(words)?);
        }
        let mut parts = MultiPart::mixed().multipart(words);
        for enclosure in letter.enclosures {
            let media_type = ContentType::parse(enclosure.media_type)?;
            let attachment = Attachment::new(enclosure.name.to_owned());
            parts = parts.singlepart(attachment.body(enclosure.bytes, media_type));
        }
        Ok(builder.multipart(parts)?)
    }
}

/// Puts blanks in place of what would end a line: a name is never another header.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

fn tls(settings: &MailSettings) -> anyhow::Result<Tls> {
    if settings.security == MailSecurity::None {
        return Ok(Tls::None);
    }
    // Another part of the program may have installed the provider; either way it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut parameters = TlsParameters::builder(settings.server.clone());
    if !settings.ca_file.as_os_str().is_empty() {
        let file = settings.ca_file.display();
        let pem = fs::read(&settings.ca_file)
            .with_context(|| format!("reading certificates from {file} (setting `mail.ca_file`)"))?;
        let certificate = Certificate::from_pem(&pem)
            .with_context(|| format!("{file} holds no certificate (setting `mail.ca_file`)"))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters
        .build_rustls()
        .context("preparing encryption for mail")?;
    Ok(match settings.security {
        MailSecurity::Tls => Tls::Wrapper(parameters),
        MailSecurity::Starttls | MailSecurity::None => Tls::Required(parameters),
    })
}

/// Says what is in the way, without the server's words: they may repeat an address.
fn failure(error: &SmtpError) -> Delivery {
    if let Some(code) = error.status() {
        return Delivery::of_answer(code.into());
    }
    if error.is_tls() || is_about_encryption(error) {
        Delivery::Failed("tls")
    } else if error.is_timeout() {
        Delivery::Failed("too_slow")
    } else if error.is_client() {
        Delivery::Failed("not_possible")
    } else {
        Delivery::Failed("no_answer")
    }
}

/// Tells whether the connection broke off because of its encryption, such as a certificate that nobody known has signed: what cannot be
/// decrypted is invalid data.
fn is_about_encryption(error: &SmtpError) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut causes = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == ErrorKind::InvalidData)
}
