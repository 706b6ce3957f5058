//! Which crate may build on which: our own against the direction of the design, strangers in the pure crates, QUIC
//! outside the link. Licences and sources of strangers are cargo-deny's.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, accepts, refuses};

/// Crates of ours that may build on all others.
const BEYOND: [&str; 2] = [TESTS, "usher-fuzz"];

/// For each other crate of ours, the crates of ours it may build on.
const DIRECTION: [(&str, &[&str]); 16] = [
    ("usher-keys", &[]),
    // It verifies archives of events, which are made of logs.
    ("usher-keys-cli", &["usher-keys", "usher-protocol", "usher-words"]),
    ("usher-protocol", &["usher-keys"]),
    ("usher-link", &["usher-keys", "usher-protocol", "usher-words"]),
    ("usher-disk", &["usher-keys", "usher-protocol"]),
    ("usher-words", &["usher-keys", "usher-protocol"]),
    (
        "usher-device",
        &[
            "usher-keys",
            "usher-protocol",
            "usher-link",
            "usher-disk",
            "usher-words",
        ],
    ),
    (
        "usher-gate-agent",
        &[
            "usher-keys",
            "usher-protocol",
            "usher-link",
            "usher-words",
            "usher-device",
            "usher-planning",
        ],
    ),
    // It plays the pure code in virtual time, without a network or a disk.
    ("usher-planning", &["usher-keys", "usher-protocol"]),
    ("usher-fixtures", &["usher-keys", "usher-protocol"]),
    ("usher-test-postgres", &[]),
    ("usher-eyes", &[]),
    ("usher-documents", &[]),
    (
        "usher-phone",
        &["usher-eyes", "usher-keys", "usher-protocol", "usher-words"],
    ),
    (
        "usher-scan",
        &[
            "usher-eyes",
            "usher-keys",
            "usher-protocol",
            "usher-link",
            "usher-words",
            "usher-device",
        ],
    ),
    (
        "usher-cloud",
        &[
            "usher-keys",
            "usher-protocol",
            "usher-link",
            "usher-disk",
            "usher-words",
            "usher-documents",
        ],
    ),
];

/// What the pure crates may build on. A new line here needs a reason: no async, no clock, no randomness, no IO.
const PURE: [(&str, &[&str]); 6] = [
    ("usher-eyes", &["thiserror"]),
    // wasm-bindgen hands numbers, texts and bytes to the page's scripts.
    (
        "usher-phone",
        &[
            "bincode",
            "blake3",
            "data-encoding",
            "serde",
            "serde_json",
            "thiserror",
            "usher-eyes",
            "usher-keys",
            "usher-protocol",
            "usher-words",
            "wasm-bindgen",
        ],
    ),
    // krilla writes the PDF into memory; skrifa measures letters.
    ("usher-documents", &["krilla", "skrifa", "thiserror"]),
    // jiff puts a moment that it is given into the words of a zone that it is given.
    ("usher-words", &["jiff", "serde", "usher-keys", "usher-protocol"]),
    (
        "usher-protocol",
        &[
            "bincode",
            "blake3",
            "data-encoding",
            "serde",
            "sha2",
            "thiserror",
            "usher-keys",
        ],
    ),
    (
        "usher-keys",
        &[
            "bincode",
            "blake3",
            "data-encoding",
            "ed25519-dalek",
            "pkcs8",
            "serde",
            "serde_json",
            "thiserror",
            "zeroize",
        ],
    ),
];

/// What `usher-keys` may build on with its feature `files` only: it replaces key files in one step.
const KEY_FILES: &str = "tempfile";

/// The event and the database server of the tests: for tests only, or with a feature that the programs do not have.
const FOR_TESTS: [&str; 2] = ["usher-fixtures", "usher-test-postgres"];
const LINK: &str = "usher-link";
const LINK_FOLDER: &str = "protocol/link/";
/// The TLS of the hub's HTTP and of the cloud's database servers, which have nothing to do with links.
const TLS_OF_OTHERS: [&str; 2] = ["gate-agent/src/http/tls.rs", "cloud/src/store/postgres/server.rs"];
const TESTS: &str = "usher-tests";
const HAND_MADE_PEERS: &str = "tests/tests/strangers/";

/// Refuses an import of ours against the direction, in any kind of dependency.
pub fn direction(tree: &Tree) -> Vec<Breach> {
    crates(tree)
        .flat_map(|manifest| {
            let allowed = DIRECTION
                .iter()
                .find(|(name, _)| *name == manifest.name)
                .map(|(_, allowed)| *allowed);
            let known = allowed.is_some() || BEYOND.contains(&manifest.name.as_str());
            let unknown =
                (!known).then(|| manifest.breach(format!("{} has no place among the crates", manifest.name)));
            let shipped = manifest.shipped_dependencies().into_iter();
            let ships_fixtures = shipped
                .filter(|dependency| !dependency.is_optional)
                .any(|dependency| FOR_TESTS.contains(&dependency.name.as_str()));
            let wrong = manifest.dependencies().into_iter().filter(move |dependency| {
                let is_for_tests = FOR_TESTS.contains(&dependency.as_str()) && !ships_fixtures;
                dependency.starts_with("usher-")
                    && !is_for_tests
                    && allowed.is_some_and(|allowed| !allowed.contains(&dependency.as_str()))
            });
            let name = manifest.name.clone();
            let wrong: Vec<Breach> = wrong
                .map(|dependency| manifest.breach(format!("{name} must not import {dependency}")))
                .collect();
            unknown.into_iter().chain(wrong).collect::<Vec<_>>()
        })
        .collect()
}

/// Refuses a dependency of a pure crate that is not on its list.
pub fn pure_dependencies(tree: &Tree) -> Vec<Breach> {
    crates(tree)
        .flat_map(|manifest| {
            let allowed = PURE
                .iter()
                .find(|(name, _)| *name == manifest.name)
                .map(|(_, allowed)| *allowed);
            let is_for_key_files = |dependency: &Dependency| {
                manifest.name == "usher-keys" && dependency.is_optional && dependency.name == KEY_FILES
            };
            let shipped = manifest.shipped_dependencies();
            shipped
                .into_iter()
                .filter(|dependency| {
                    allowed.is_some_and(|allowed| !allowed.contains(&dependency.name.as_str()))
                        && !is_for_key_files(dependency)
                })
                .map(|Dependency { name, .. }| {
                    manifest.breach(format!("{name} is not on the list of {}", manifest.name))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Refuses QUIC and TLS outside the link, save for choosing the process's crypto provider, and for the tests' peers that
/// are made by hand because our link would not misbehave so.
pub fn quic_stays_in_the_link(tree: &Tree) -> Vec<Breach> {
    let declared = crates(tree)
        .filter(|manifest| {
            manifest.name != LINK
                && manifest.name != TESTS
                && manifest
                    .dependencies()
                    .iter()
                    .any(|name| name.starts_with("quinn"))
        })
        .map(|manifest| manifest.breach(format!("{} depends on quinn", manifest.name)));
    let used = tree
        .rust()
        .filter(|file| !file.path.starts_with(LINK_FOLDER) && !file.path.starts_with(HAND_MADE_PEERS))
        .flat_map(|file| {
            let code = file.source().code;
            let found: Vec<Breach> = words(&code)
                .filter(|(offset, word)| {
                    let rest = &code[offset + word.len()..];
                    let is_rustls = *word == "rustls" && !TLS_OF_OTHERS.contains(&file.path.as_str());
                    *word == "quinn" || is_rustls && rest.starts_with("::") && !rest.starts_with("::crypto::")
                })
                .map(|(offset, word)| {
                    Breach::at(
                        file,
                        line_of(&code, offset),
                        format!("{word} belongs to the link"),
                    )
                })
                .collect();
            found
        });
    declared.chain(used).collect()
}

struct Manifest<'a> {
    file: &'a crate::tree::TreeFile,
    name: String,
    table: toml::Table,
}

struct Dependency {
    name: String,
    /// It comes with a feature only.
    is_optional: bool,
}

impl Manifest<'_> {
    fn breach(&self, what: String) -> Breach {
        Breach::at(self.file, 1, what)
    }

    fn shipped_dependencies(&self) -> Vec<Dependency> {
        self.sections(&["dependencies", "build-dependencies"])
    }

    fn dependencies(&self) -> Vec<String> {
        let all = self.sections(&["dependencies", "build-dependencies", "dev-dependencies"]);
        all.into_iter().map(|dependency| dependency.name).collect()
    }

    /// What is in the sections, also in those for one platform only.
    fn sections(&self, sections: &[&str]) -> Vec<Dependency> {
        let platforms = self.table.get("target").and_then(toml::Value::as_table);
        let tables = platforms
            .into_iter()
            .flat_map(toml::Table::values)
            .filter_map(toml::Value::as_table);
        std::iter::once(&self.table)
            .chain(tables)
            .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)))
            .filter_map(toml::Value::as_table)
            .flat_map(|dependencies| dependencies.iter().map(|(key, value)| dependency(key, value)))
            .collect()
    }
}

/// A dependency may be renamed: then its `package` says what it is.
fn dependency(key: &str, value: &toml::Value) -> Dependency {
    let package = value.get("package").and_then(toml::Value::as_str);
    Dependency {
        name: package.unwrap_or(key).to_owned(),
        is_optional: value.get("optional").and_then(toml::Value::as_bool) == Some(true),
    }
}

fn crates(tree: &Tree) -> impl Iterator<Item = Manifest<'_>> {
    tree.toml("Cargo.toml").filter_map(|(file, table)| {
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        Some(Manifest { file, name, table })
    })
}

#[test]
fn an_import_against_the_direction_is_found() {
    let keys = "[package]\nname = \"usher-keys\"\n[dependencies]\nusher-protocol.workspace = true\n";
    refuses(
        direction,
        "keys/Cargo.toml",
        keys,
        "usher-keys must not import usher-protocol",
    );
    let renamed = "[package]\nname = \"usher-cloud\"\n[dev-dependencies]\nhub = { package = \"usher-gate-agent\", path = \"x\" }\n";
    refuses(
        direction,
        "cloud/Cargo.toml",
        renamed,
        "usher-cloud must not import usher-gate-agent",
    );
    let tested = "[package]\nname = \"usher-scan\"\n[dev-dependencies]\nusher-gate-agent.workspace = true\n";
    refuses(
        direction,
        "scanner-cli/Cargo.toml",
        tested,
        "usher-scan must not import usher-gate-agent",
    );
    let platform =
        "[package]\nname = \"usher-link\"\n[target.'cfg(unix)'.dependencies]\nusher-cloud.workspace = true\n";
    refuses(
        direction,
        "protocol/link/Cargo.toml",
        platform,
        "usher-link must not import usher-cloud",
    );
    let device = "[package]\nname = \"usher-disk\"\n[dev-dependencies]\nusher-device.workspace = true\n";
    refuses(
        direction,
        "protocol/disk/Cargo.toml",
        device,
        "usher-disk must not import usher-device",
    );
    refuses(
        direction,
        "new/Cargo.toml",
        "[package]\nname = \"usher-new\"\n",
        "no place among the crates",
    );
    let fixtures = "[package]\nname = \"usher-cloud\"\n[dependencies]\nusher-fixtures.workspace = true\n";
    refuses(
        direction,
        "cloud/Cargo.toml",
        fixtures,
        "usher-cloud must not import usher-fixtures",
    );
    let tests_only = fixtures.replace("[dependencies]", "[dev-dependencies]");
    accepts(direction, "cloud/Cargo.toml", &tests_only);
    let fine = "[package]\nname = \"usher-tests\"\n[dependencies]\nusher-cloud.workspace = true\n";
    accepts(direction, "tests/Cargo.toml", fine);
}

#[test]
fn a_dependency_with_effects_in_a_pure_crate_is_found() {
    let tokio = "[package]\nname = \"usher-protocol\"\n[dependencies]\ntokio.workspace = true\nserde.workspace = true\n";
    refuses(
        pure_dependencies,
        "protocol/Cargo.toml",
        tokio,
        "tokio is not on the list of usher-protocol",
    );
    let jiff = "[package]\nname = \"usher-keys\"\n[dependencies]\njiff.workspace = true\n";
    refuses(
        pure_dependencies,
        "keys/Cargo.toml",
        jiff,
        "jiff is not on the list of usher-keys",
    );
    let always = "[package]\nname = \"usher-keys\"\n[dependencies]\ntempfile = { workspace = true, optional = false }\n";
    refuses(
        pure_dependencies,
        "keys/Cargo.toml",
        always,
        "tempfile is not on the list of usher-keys",
    );
    let with_a_feature = always.replace("optional = false", "optional = true");
    accepts(pure_dependencies, "keys/Cargo.toml", &with_a_feature);
    refuses(
        pure_dependencies,
        "protocol/Cargo.toml",
        &with_a_feature.replace("usher-keys", "usher-protocol"),
        "tempfile is not on the list of usher-protocol",
    );
    let cloud = "[package]\nname = \"usher-cloud\"\n[dependencies]\ntokio.workspace = true\n";
    accepts(pure_dependencies, "cloud/Cargo.toml", cloud);
}

#[test]
fn quic_outside_the_link_is_found() {
    let manifest = "[package]\nname = \"usher-cloud\"\n[dependencies]\nquinn.workspace = true\n";
    refuses(
        quic_stays_in_the_link,
        "cloud/Cargo.toml",
        manifest,
        "usher-cloud depends on quinn",
    );
    refuses(
        quic_stays_in_the_link,
        "cloud/src/push.rs",
        "use quinn::Endpoint;",
        "quinn belongs to the link",
    );
    refuses(
        quic_stays_in_the_link,
        "cloud/src/push.rs",
        "\nuse rustls::ServerConfig;",
        "push.rs:2: rustls",
    );
    accepts(
        quic_stays_in_the_link,
        "gate-agent/src/main.rs",
        "rustls::crypto::ring::default_provider(); // quinn",
    );
    for path in TLS_OF_OTHERS {
        accepts(quic_stays_in_the_link, path, "use rustls::ServerConfig;");
        refuses(
            quic_stays_in_the_link,
            path,
            "use quinn::Endpoint;",
            "quinn belongs to the link",
        );
    }
    for path in ["protocol/link/src/endpoint.rs", "tests/tests/strangers/peer.rs"] {
        accepts(quic_stays_in_the_link, path, "use quinn::Endpoint;");
    }
}
