//! `/console/team`: who is in, invited, given another role, logged out and taken out.

use reqwest::Method;
use serde_json::Value;

use super::client::{Answer, Cloud};
use super::console::said;
use super::letters::with_mail;
use super::staff::{Person, STEP_MS, between, person, post_form, seen_by, take};

const TEAM: &str = "/console/team";

async fn team(cloud: &Cloud, person: &Person) -> String {
    let page = seen_by(cloud, TEAM, &person.cookie).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.text()
}

/// Sends a form of the page.
async fn send(cloud: &Cloud, person: &Person, path: &str, form: &[(&str, &str)]) -> Answer {
    let token = ("form_token", person.form_token.as_str());
    let form = [&[token], form].concat();
    post_form(cloud, &format!("{TEAM}{path}"), &person.cookie, &form).await
}

/// Requires that a form leads back to the page, which says what was done.
async fn is_done(cloud: &Cloud, person: &Person, answer: Answer, news: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = seen_by(cloud, answer.header("location"), &person.cookie).await;
    assert_eq!(said(&page.text(), "news"), news);
}

/// Returns the card of whoever has that address.
#[track_caller]
fn card<'a>(page: &'a str, email: &str) -> &'a str {
    let mut cards = page.split("<li class=\"card\">");
    let found = cards.find(|card| card.contains(email));
    found.unwrap_or_else(|| panic!("{email} is not in {page}"))
}

const EVE: &str = "eve@owls.example";
const EVE_AS_VIEWER: [(&str, &str); 3] = [("name", "Eve <E>"), ("email", EVE), ("role", "viewer")];

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_invited_changed_logged_out_and_taken_out_by_page() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "owner").await;
    let page = team(&cloud, &ada).await;
    let own = card(&page, "owner@owls.example");
    assert!(own.contains("Ada (you)") && own.contains(">Owner<"), "{own}");
    assert!(page.contains("This server sends no mail"), "{page}");
    let unsaid = send(&cloud, &ada, "/invitations", &EVE_AS_VIEWER[..2]).await;
    assert_eq!(unsaid.status, 422);
    assert!(
        unsaid.text().contains("must be one of the roles"),
        "{}",
        unsaid.text()
    );
    let invited = send(&cloud, &ada, "/invitations", &EVE_AS_VIEWER).await.text();
    assert!(invited.contains("Eve &#60;E&#62; is invited"), "{invited}");
    let link = said(&invited, "link");
    let page = team(&cloud, &ada).await;
    assert!(
        card(&page, EVE).contains("The link was shown, to be handed over."),
        "{page}"
    );
    assert!(!page.contains("uin_"), "a link is shown once: {page}");
    let eve = take(&cloud, cloud.path(&Value::from(link))).await;
    let page = team(&cloud, &ada).await;
    let of_eve = card(&page, EVE);
    assert!(of_eve.contains("in one browser"), "{of_eve}");
    assert!(!of_eve.contains("UTC UTC"), "{of_eve}");
    // Said again from the same page, it is done again.
    for form in ["/role", "/sessions"] {
        let form = between(of_eve, form, "</form>");
        assert!(!form.contains("form_key"), "{form}");
    }
    let id = between(of_eve, "action=\"/console/team/", "/role").to_owned();
    let changed = send(&cloud, &ada, &format!("/{id}/role"), &[("role", "auditor")]).await;
    is_done(&cloud, &ada, changed, "The role is changed. It counts at once.").await;
    // An auditor sees who is in, and changes nothing.
    let seen = team(&cloud, &eve).await;
    assert!(card(&seen, EVE).contains(">Auditor<"), "{seen}");
    assert!(
        !seen.contains("<select") && !seen.contains("id=\"invite\""),
        "{seen}"
    );
    let ended = send(&cloud, &ada, &format!("/{id}/sessions"), &[]).await;
    is_done(&cloud, &ada, ended, "They are logged out everywhere.").await;
    assert_eq!(seen_by(&cloud, TEAM, &eve.cookie).await.status, 401);
    assert!(card(&team(&cloud, &ada).await, EVE).contains("Not logged in"));
    take_out(&cloud, &ada, &id).await;
    let own = between(own, "action=\"/console/team/", "/role");
    let out = send(&cloud, &ada, &format!("/{own}/sessions"), &[]).await;
    assert_eq!(out.status, 303);
    let to = out.header("location");
    assert!(to.starts_with("/staff/log-in/org_"), "{to}");
    are_acts(&cloud).await;
}

/// Takes Eve out, once somebody is sure.
async fn take_out(cloud: &Cloud, ada: &Person, id: &str) {
    let remove = format!("/{id}/remove");
    let asked = seen_by(cloud, &format!("{TEAM}{remove}"), &ada.cookie)
        .await
        .text();
    assert!(asked.contains("Nobody can take this back."), "{asked}");
    let unsure = send(cloud, ada, &remove, &[]).await;
    assert_eq!(unsure.status, 422);
    let removed = send(cloud, ada, &remove, &[("sure", "true")]).await;
    let news = "They are taken out, and logged out everywhere.";
    is_done(cloud, ada, removed, news).await;
    assert!(!team(cloud, ada).await.contains(EVE));
}

/// Checks that each step was written down as the act of a person, and says nothing of whom it was about but their id.
async fn are_acts(cloud: &Cloud) {
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    for (operation, times) in [("invite_staff", 2), ("change_staff", 5)] {
        let told = format!("\"operation\":\"{operation}\",\"by\":\"stf_");
        assert_eq!(acts.matches(&told).count(), times, "{operation}: {acts}");
    }
    assert!(acts.contains("\"after\":\"auditor\""), "{acts}");
    assert!(!acts.contains(EVE) && !acts.contains("uin_"), "{acts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_goes_by_mail_once_however_often_the_form_comes_and_is_taken_back() {
    let (server, cloud) = with_mail().await;
    let ada = person(&cloud, "owner").await;
    let page = team(&cloud, &ada).await;
    let key = between(&page, "name=\"form_key\" value=\"", "\"");
    let form = [&EVE_AS_VIEWER[..], &[("form_key", key)]].concat();
    let (first, again) = tokio::join!(
        send(&cloud, &ada, "/invitations", &form),
        send(&cloud, &ada, "/invitations", &form)
    );
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (303, 303));
    is_done(&cloud, &ada, first, "The letter with the link is on its way.").await;
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["to"], serde_json::json!([EVE]));
    let text = letter["text"].as_str().unwrap();
    let secret = between(text, "/staff/invitations/", "\n").trim();
    let link = format!("/staff/invitations/{secret}");
    assert_eq!(
        cloud.get(&link).await.status,
        200,
        "the letter's link is the one that opens"
    );
    let page = team(&cloud, &ada).await;
    assert_eq!(page.matches("/withdraw\"").count(), 1, "{page}");
    let id = between(card(&page, EVE), "/invitations/", "/withdraw").to_owned();
    let withdrawn = send(&cloud, &ada, &format!("/invitations/{id}/withdraw"), &[]).await;
    let news = "The invitation is taken back: its link opens nothing any more.";
    is_done(&cloud, &ada, withdrawn, news).await;
    assert_eq!(cloud.get(&link).await.status, 404);
    assert_eq!(server.taken().len(), 1);
    // Whoever does not trust the mail is shown the link.
    let form = [&EVE_AS_VIEWER[..], &[("show", "true")]].concat();
    let shown = send(&cloud, &ada, "/invitations", &form).await.text();
    assert!(
        said(&shown, "link").contains("/staff/invitations/uin_"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_team_takes_a_fresh_code_and_leaves_an_owner() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "owner").await;
    let page = team(&cloud, &ada).await;
    assert!(!page.contains("wants-code"), "{page}");
    let id = between(&page, "action=\"/console/team/", "/role").to_owned();
    for (path, form) in [
        (format!("/{id}/role"), ("role", "viewer")),
        (format!("/{id}/remove"), ("sure", "true")),
    ] {
        let refused = send(&cloud, &ada, &path, &[form]).await;
        assert_eq!(refused.status, 409);
        assert!(
            refused.text().contains("make somebody else an owner first"),
            "{}",
            refused.text()
        );
    }
    cloud.clock.advance_ms(10 * STEP_MS);
    assert!(team(&cloud, &ada).await.contains("id=\"wants-code\""));
    let refused = send(&cloud, &ada, "/invitations", &EVE_AS_VIEWER).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("Enter a one-time code"),
        "{}",
        refused.text()
    );
    assert!(!team(&cloud, &ada).await.contains(EVE));
}
