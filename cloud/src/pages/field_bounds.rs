//! How long what people enter may be, as the server checks it: pages say it of their fields (`data-bytes`), and their script counts alike. Browsers'
//! own `maxlength` counts otherwise, and cuts off without a word.

use usher_keys::certificate::MAX_NAME_BYTES;

use crate::api::bookings::{BUYER_BYTES, EMAIL_BYTES};
use crate::api::comp_list;
use crate::api::event_search::{CITY_BYTES, KEYWORD_BYTES};
use crate::api::organizer::booking_lists::SOUGHT_BYTES;
use crate::api::organizer::draft::{MAX_DESCRIPTION, MAX_NAME};
use crate::api::organizer::mailings::{BODY_BYTES, SUBJECT_BYTES};
use crate::api::organizer::venues::{ADDRESS_BYTES, NAME_BYTES};
use crate::staff::password;

/// Names of venues, cities, people, tills and blocks.
pub const NAME: usize = *NAME_BYTES.end();
/// Where a venue is.
pub const ADDRESS: usize = *ADDRESS_BYTES.end();
/// Names of events and of their tiers, zones and gates.
pub const EVENT_NAME: usize = MAX_NAME;
/// What an event is about.
pub const DESCRIPTION: usize = MAX_DESCRIPTION;
/// Names of devices.
pub const DEVICE: usize = MAX_NAME_BYTES;
/// Names of buyers.
pub const BUYER: usize = *BUYER_BYTES.end();
/// Names of people who are given tickets.
pub const GUEST: usize = comp_list::NAME_BYTES;
/// E-mail addresses.
pub const EMAIL: usize = *EMAIL_BYTES.end();
/// What bookings are looked for by.
pub const SOUGHT: usize = *SOUGHT_BYTES.end();
/// What events are looked for by.
pub const KEYWORD: usize = *KEYWORD_BYTES.end();
/// Where events are looked for.
pub const CITY: usize = *CITY_BYTES.end();
/// The subject of a message.
pub const SUBJECT: usize = *SUBJECT_BYTES.end();
/// What a message says.
pub const BODY: usize = *BODY_BYTES.end();
/// Passwords.
pub const PASSWORD: usize = *password::BYTES.end();

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::{Value, json};

    use super::*;
    use crate::api::input::Checks;

    fn templates(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => templates(&path, into),
                false => into.push(path),
            }
        }
    }

    #[test]
    fn no_field_counts_otherwise_than_the_server() {
        let mut all = Vec::new();
        templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut all);
        let mut bound = 0;
        for path in all {
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains("maxlength"), "{}", path.display());
            for said in text.split("data-bytes=\"").skip(1) {
                assert!(
                    said.starts_with("{{ crate::pages::field_bounds::"),
                    "{}: {said}",
                    path.display()
                );
                bound += 1;
            }
        }
        assert!(bound > 25, "{bound}");
    }

    /// Asks the script of pages which texts are too long for a field.
    fn too_long(texts: &[String], bytes: usize) -> Vec<bool> {
        let texts = json!(texts);
        let script = include_str!("../../assets/bounds.js");
        let program = format!(
            "const fields = {texts}.map((value) => ({{ value, dataset: {{ bytes: \"{bytes}\" }}, setCustomValidity(says) {{ this.says = says; }} }}));
             globalThis.document = {{ body: {{ dataset: {{ tooLong: \"too long\" }} }}, querySelectorAll: () => fields }};
             globalThis.addEventListener = () => {{}};
             {script}
             console.log(JSON.stringify(fields.map((field) => field.says !== \"\")));"
        );
        let ran = Command::new("node").args(["-e", &program]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        serde_json::from_slice::<Value>(&ran.stdout)
            .and_then(serde_json::from_value)
            .unwrap()
    }

    #[test]
    fn a_page_says_of_a_name_at_its_bound_what_the_server_says() {
        let texts = ["a", "\u{e4}", "\u{20ac}", "\u{1f989}"]
            .into_iter()
            .flat_map(|letter| {
                let fit = NAME / letter.len();
                [fit, fit + 1].map(|count| letter.repeat(count))
            })
            .chain([format!(" {} ", "a".repeat(NAME))]);
        let texts: Vec<String> = texts.collect();
        let refused = |text: &String| {
            let mut checks = Checks::default();
            checks.text(text.trim(), "/name", NAME_BYTES);
            checks.failed()
        };
        let by_server: Vec<bool> = texts.iter().map(refused).collect();
        assert_eq!(by_server.iter().filter(|refused| **refused).count(), 4);
        assert_eq!(too_long(&texts, NAME), by_server);
    }
}
