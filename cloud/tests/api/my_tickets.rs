//! `/my-tickets` and invitations by mail: links that open something once, to whoever reads the address that they went to.

use std::net::IpAddr;

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::buyers::AskForLink;
use usher_cloud::ids::LinkLetterId;
use usher_cloud::key_hash::KeyHash;
use usher_cloud::link_letters::{LinkKind, LinkLetter, TakeLinkLetters};

use super::client::{Answer, Client, Cloud};
use super::letters::with_mail;
use super::mail_server::MailServer;
use super::patience::until_so;
use super::process::{Process, SETTINGS, organizer_key, settings};
use super::staff::{between, post_form, seen_by};

const MY_TICKETS: &str = "/my-tickets";
const HOUR_MS: u64 = 3_600_000;

async fn ask(cloud: &Client, email: &str) -> Answer {
    cloud.post("/v1/my-tickets", &json!({"email": email})).await
}

/// Returns the path of the link in a letter.
fn link_in(cloud: &Client, letter: &Value) -> String {
    let text = letter["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    cloud.path(&link.into()).to_owned()
}

/// Waits for the first letter of a subject.
async fn letter(server: &MailServer, subject: &str) -> Value {
    for count in 1.. {
        let taken = server.until(count).await;
        if taken[count - 1]["headers"]["subject"] == subject {
            return taken[count - 1].clone();
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_opens_what_was_bought_with_its_address_once() {
    let (server, cloud) = with_mail().await;
    let (first, second) = (
        cloud.event(|_| {}).await,
        cloud.event(|event| event["name"] = "Larks".into()).await,
    );
    let bought = [cloud.buy(&first, &[0, 1]).await, cloud.buy(&second, &[0]).await];
    let form = cloud.get(MY_TICKETS).await.text();
    assert!(form.contains("id=\"ask\""), "{form}");
    let asked = post_form(&cloud, MY_TICKETS, "", &[("email", " Owl@Example.org ")]).await;
    assert!(asked.text().contains("id=\"asked\""), "{}", asked.text());
    let letter = letter(&server, "The way to your tickets").await;
    assert_eq!(letter["to"], json!(["owl@example.org"]));
    let link = link_in(&cloud, &letter);
    // Programs that read mail look at it; that uses nothing up.
    for _ in 0..2 {
        assert!(cloud.get(&link).await.text().contains("id=\"open\""));
    }
    // Another site cannot open it for somebody.
    let foreign = cloud
        .request(Method::POST, &link)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(cloud.send_form(foreign, &[]).await.status, 403);
    let opened = post_form(&cloud, &link, "", &[]).await;
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, MY_TICKETS)
    );
    let (cookie, attributes) = opened.header("set-cookie").split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Max-Age=50400; Secure; HttpOnly; SameSite=Strict"
    );
    let list = seen_by(&cloud, MY_TICKETS, cookie).await;
    assert_eq!(list.header("cache-control"), "no-store");
    let list = list.text();
    for (booking, says) in bought.iter().zip(["2 tickets", "1 ticket,"]) {
        let id = booking["booking_id"].as_str().unwrap();
        assert!(list.contains(id) && list.contains(says), "{list}");
    }
    assert_eq!(between(&list, "id=\"address\">", "<"), "owl@example.org");
    for used in [cloud.get(&link).await, post_form(&cloud, &link, "", &[]).await] {
        assert_eq!(used.status, 404);
        assert!(used.text().contains("ask for another one"), "{}", used.text());
    }
    let left = post_form(&cloud, "/my-tickets/leave", cookie, &[("everywhere", "true")]).await;
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    assert!(
        seen_by(&cloud, MY_TICKETS, cookie)
            .await
            .text()
            .contains("id=\"ask\"")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_whether_an_address_is_known_and_nobody_is_flooded() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    server.until(1).await;
    let page = async |email| post_form(&cloud, MY_TICKETS, "", &[("email", email)]).await;
    let (unknown, known) = (page("nobody@example.org").await, page("owl@example.org").await);
    assert_eq!((unknown.status, unknown.text()), (known.status, known.text()));
    let unknown = ask(&cloud, "nobody@example.org").await;
    for _ in 0..7 {
        let known = ask(&cloud, "owl@example.org").await;
        assert_eq!((known.status.as_u16(), &known.bytes), (202, &unknown.bytes));
    }
    let over = ask(&cloud, "owl@example.org").await;
    over.check_problem(429, "too-many-links");
    assert_eq!(over.header("retry-after"), "3600");
    // Three letters beside that of the booking, and none to whoever has bought nothing.
    let taken = server.until(4).await;
    assert!(
        taken
            .iter()
            .all(|letter| letter["to"] == json!(["owl@example.org"]))
    );
    cloud.clock.advance_ms(HOUR_MS);
    assert_eq!(cloud.get(&link_in(&cloud, &taken[3])).await.status, 404);
    assert_eq!(ask(&cloud, "owl@example.org").await.status, 202);
    assert_eq!(server.until(5).await.len(), 5);
    ask(&cloud, "no address")
        .await
        .check_problem(422, "invalid-request");
    let without = Cloud::start().await;
    ask(&without, "owl@example.org")
        .await
        .check_problem(409, "no-mail");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_gets_the_link_by_mail_unless_it_is_handed_over() {
    let (server, cloud) = with_mail().await;
    let path = "/v1/organizer/staff/invitations";
    let invite =
        |email: &str, send: bool| json!({"name": "Ada", "email": email, "role": "box_office", "send": send});
    let silent = cloud
        .organize(Method::POST, path, &invite("eve@owls.example", false))
        .await
        .ok(201);
    assert_eq!(silent["invitation"]["letter"], Value::Null);
    let mailed = cloud
        .organize(Method::POST, path, &invite("ada@owls.example", true))
        .await
        .ok(201);
    assert_eq!(mailed["invitation"]["letter"], "waiting");
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["to"], json!(["ada@owls.example"]));
    assert_eq!(letter["headers"]["subject"], "Your invitation to work for Owls");
    let link = link_in(&cloud, &letter);
    assert_eq!(link, cloud.path(&mailed["link"]));
    let listed = async || {
        cloud
            .organize(Method::GET, "/v1/organizer/staff", &Value::Null)
            .await
            .ok(200)
    };
    until_so("the letter to be told as sent", async || {
        let listed = listed().await;
        let mut invitations = listed["invitations"].as_array().unwrap().iter();
        invitations.any(|invited| invited["email"] == "ada@owls.example" && invited["letter"] == "sent")
    })
    .await;
    super::staff::take(&cloud, &link).await;
    assert_eq!(listed().await["staff"][0]["email"], "ada@owls.example");
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_link_does_not_open_waits_for_a_server_with_the_right_master_key() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    server.until(1).await;
    let state = cloud.server.state();
    let now = state.clock.now();
    let letter = LinkLetter {
        recipient: "owl@example.org".into(),
        sealed: vec![7; 64],
        expires_at: now.plus_ms(10_000 * HOUR_MS),
        ..LinkLetter::new(LinkLetterId([7; 16]), LinkKind::TicketsAsked, now)
    };
    let ask = AskForLink {
        hash: KeyHash::of("somewhere else"),
        email: letter.recipient.clone(),
        client: IpAddr::from([192, 0, 2, 7]).into(),
        letter,
        now,
    };
    state.store.ask_for_link(ask).await.unwrap();
    until_so("the letter to be tried and to go on waiting", async || {
        let due = TakeLinkLetters {
            limit: 1,
            now: state.clock.now().plus_ms(HOUR_MS / 2),
        };
        let waiting = state.store.take_link_letters(due).await.unwrap();
        // What is taken here is nobody else's for minutes.
        cloud.clock.advance_ms(HOUR_MS);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        waiting.first().is_some_and(|letter| letter.failures > 0)
    })
    .await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_outlive_the_server_that_wrote_them_and_are_in_no_log_and_no_copy_of_the_store() {
    let server = MailServer::start();
    let directory = settings(&format!("{SETTINGS}\n{}", server.settings()));
    let key = organizer_key(directory.path()).await;
    let mut process = Process::start(directory.path()).await;
    let client = Client::new(process.base.clone(), key.clone());
    server.fail("rcpt 451 4.3.0 later\n");
    let request = json!({"name": "Ada", "email": "ada@owls.example", "role": "viewer"});
    let invited = client
        .organize(Method::POST, "/v1/organizer/staff/invitations", &request)
        .await
        .ok(201);
    until_so("the mail server to fail", async || server.has_failed()).await;
    process.child.kill().await.unwrap();
    let secret = client
        .path(&invited["link"])
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let mut files = vec![directory.path().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} has the link", path.display());
        }
    }
    let process = Process::start(directory.path()).await;
    // If the first one was killed before it had written down that the letter was not taken, it has that for two minutes.
    let mut taken = server.taken();
    for _ in 0..4_000 {
        if !taken.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        taken = server.taken();
    }
    assert!(taken[0]["text"].as_str().unwrap().contains(&secret));
    drop(process);
}
