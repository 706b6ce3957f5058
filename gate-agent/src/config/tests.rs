//! The settings of a hub: the example, the defaults, and what is refused.

use super::*;

const EXAMPLE: &str = include_str!("../../usher-gate-agent.example.toml");

fn parse(toml: &str) -> Result<Config, ConfigError> {
    Config::from_figment(Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(toml)))
}

#[track_caller]
fn check_refused(toml: &str, says: &str) {
    let refused = format!("{:#}", anyhow::Error::from(parse(toml).unwrap_err()));
    assert!(refused.contains(says), "{refused}");
}

#[test]
fn the_example_gives_every_setting_with_its_default() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
    let shown: String = EXAMPLE
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    let settings = serde_json::to_value(Config::default()).unwrap();
    let tables = ["door", "web", "discovery"];
    let of_tables = tables.map(|table| settings[table].as_object().unwrap().keys());
    let all = settings
        .as_object()
        .unwrap()
        .keys()
        .chain(of_tables.into_iter().flatten());
    for key in all.filter(|key| !tables.contains(&key.as_str())) {
        assert!(
            shown.lines().any(|line| line.starts_with(&format!("{key} = "))),
            "{key}"
        );
    }
    for table in tables {
        assert!(shown.contains(&format!("\n[{table}]\n")), "{table}");
    }
}

#[test]
fn pages_come_in_from_one_origin_and_only_where_it_is_named() {
    assert_eq!(parse("").unwrap().web.listen, None);
    let page = |page: &str| parse(&format!("[web]\nlisten = \"0.0.0.0:4815\"\npage = \"{page}\""));
    for (named, origin) in [
        ("https://tickets.example/gate", "https://tickets.example"),
        ("http://127.0.0.1:8080/gate", "http://127.0.0.1:8080"),
    ] {
        assert_eq!(page(named).unwrap().web.origin().as_deref(), Some(origin));
    }
    for wrong in [
        "tickets.example/gate",
        "file:///gate",
        "https://tickets.example/gate#x",
    ] {
        assert!(page(wrong).is_err(), "{wrong}");
    }
    check_refused("[web]\nlisten = \"0.0.0.0:4815\"", "web.page");
    check_refused("forget_after_days = 5000", "forget_after_days");
}

#[test]
fn the_door_is_shut_until_it_is_given_an_address() {
    assert_eq!(parse("").unwrap().door.listen, None);
    let open = |more: &str| parse(&format!("[door]\nlisten = \"0.0.0.0:8443\"\n{more}")).unwrap();
    assert_eq!(open("").door.listen, Some(([0, 0, 0, 0], 8443).into()));
    assert!(open("").warnings().is_empty());
    let warnings = open("in_the_clear = true").warnings();
    assert!(warnings[0].contains("[door]"), "{warnings:?}");
    check_refused("[door]\nlisten = 8443", "listen");
    check_refused("[door]\naddress = \"0.0.0.0:8443\"", "address");
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    check_refused("lisen = \"127.0.0.1:1\"", "lisen");
}

#[test]
fn wrong_types_and_values_are_refused_by_name() {
    check_refused("listen = 4810", "listen");
    check_refused("listen = \"localhost\"", "listen");
    check_refused("peers = [\"gate-b\"]", "peers");
    check_refused("peers = [\"gate b:4810\"]", "peers");
    check_refused("peers = [\"gate-b:0\"]", "peers");
    check_refused("home_timeout_ms = 0", "home_timeout_ms");
    check_refused("home_timeout_ms = -1", "home_timeout_ms");
    check_refused("advertise = \"a b\"", "advertise");
    check_refused("advertise = \"gate-a:80\"", "advertise");
    check_refused("open_status = \"maybe\"", "open_status");
}

#[test]
fn http_for_other_machines_speaks_tls_or_is_allowed_by_name() {
    let tls = "tls_certificate = \"a.pem\"\ntls_key = \"b.pem\"";
    for (http, more, in_the_clear) in [
        ("127.0.0.1:8480", "", false),
        ("127.9.9.9:0", "", false),
        ("[::1]:8480", "", false),
        ("[::ffff:127.0.0.1]:8480", "", false),
        ("127.0.0.1:8480", "http_in_the_clear = true", false),
        ("0.0.0.0:8480", tls, false),
        ("0.0.0.0:8480", "http_in_the_clear = true", true),
    ] {
        let config = parse(&format!("http = \"{http}\"\n{more}")).unwrap();
        assert_eq!(config.is_in_the_clear(), in_the_clear, "{http} {more}");
    }
    for http in [
        "0.0.0.0:8480",
        "[::]:8480",
        "192.168.1.20:8480",
        "[::ffff:10.0.0.1]:1",
    ] {
        for way_out in [
            "127.0.0.1",
            "tls_certificate and tls_key",
            "http_in_the_clear = true",
        ] {
            check_refused(&format!("http = \"{http}\""), way_out);
        }
    }
    check_refused("tls_certificate = \"a.pem\"", "it goes with tls_key");
    check_refused("tls_key = \"a.pem\"", "it goes with tls_key");
    check_refused("http_in_the_clear = \"yes\"", "http_in_the_clear");
}

#[test]
fn paths_are_relative_to_the_settings_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hub.toml");
    std::fs::write(
        &file,
        "tls_certificate = \"hub.pem\"\ntls_key = \"/keys/hub.pem\"",
    )
    .unwrap();
    let config = Config::read(Some(&file), &file).unwrap();
    assert_eq!(config.tls_certificate, Some(directory.path().join("hub.pem")));
    assert_eq!(config.tls_key, Some("/keys/hub.pem".into()));
}

#[test]
fn a_named_file_that_is_not_there_is_an_error_and_the_usual_one_may_be_missing() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent.toml");
    assert!(matches!(
        Config::read(Some(&absent), &absent),
        Err(ConfigError::NoFile { .. })
    ));
    assert_eq!(Config::read(None, &absent).unwrap(), Config::default());
}
