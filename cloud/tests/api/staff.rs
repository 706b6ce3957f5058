//! `/staff` and `/v1/organizer/staff`: people who are invited, log in, and may what their role may.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;
use usher_cloud::rights::StaffRole;
use usher_cloud::staff::one_time::{code, read_secret, step_at};

use super::client::{Answer, Client, Cloud};
use super::ownership::{address, routes_under};

const STAFF: &str = "/v1/organizer/staff";
const PASSWORD: &str = "correct horse battery";
/// How long a one-time code is shown, in milliseconds.
pub const STEP_MS: u64 = 30_000;

/// Somebody who is logged in.
pub struct Person {
    pub cookie: String,
    pub form_token: String,
    secret: Vec<u8>,
    recovery: Vec<String>,
}

/// Returns what stands between two texts of a page.
#[track_caller]
pub fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} is not in {page}"));
    rest.split_once(after).unwrap().0
}

/// Returns the cookie that an answer sets, as browsers send it back.
#[track_caller]
fn cookie_of(answer: &Answer) -> String {
    let (cookie, attributes) = answer.header("set-cookie").split_once("; ").unwrap();
    assert!(cookie.starts_with("__Host-usher_staff=uss_"), "{cookie}");
    assert_eq!(
        attributes,
        "Path=/; Max-Age=50400; Secure; HttpOnly; SameSite=Strict"
    );
    cookie.to_owned()
}

pub async fn seen_by(cloud: &Client, path: &str, cookie: &str) -> Answer {
    cloud
        .send(cloud.request(Method::GET, path).header("cookie", cookie))
        .await
}

pub async fn post_form(cloud: &Client, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
    let request = cloud.request(Method::POST, path).header("cookie", cookie);
    cloud.send_form(request, form).await
}

/// Invites somebody, and returns the path of the link.
pub async fn invite(cloud: &Cloud, asking: &Client, email: &str, role: &str) -> String {
    let request = json!({"name": "Ada", "email": email, "role": role});
    let path = format!("{STAFF}/invitations");
    let invited = asking.organize(Method::POST, &path, &request).await.ok(201);
    cloud.path(&invited["link"]).to_owned()
}

fn code_now(cloud: &Cloud, secret: &[u8]) -> String {
    code(secret, step_at(cloud.server.state().clock.now()))
}

/// Takes an invitation.
pub async fn take(cloud: &Cloud, path: &str) -> Person {
    let page = cloud.get(path).await.text();
    let text = between(&page, "id=\"secret\">", "<");
    let secret = read_secret(text).unwrap().to_vec();
    let code = code_now(cloud, &secret);
    let form = [("password", PASSWORD), ("one_time_secret", text), ("code", &code)];
    let taken = post_form(cloud, path, "", &form).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let shown = taken.text();
    let listed = between(&shown, "<ul id=\"codes\">", "</ul>");
    let recovery = listed.split("<code>").skip(1);
    let recovery = recovery.map(|item| item.split_once('<').unwrap().0.to_owned());
    let cookie = cookie_of(&taken);
    let page = seen_by(cloud, "/staff", &cookie).await.text();
    Person {
        form_token: between(&page, "name=\"form-token\" content=\"", "\"").to_owned(),
        cookie,
        secret,
        recovery: recovery.collect(),
    }
}

/// Invites somebody of a role, who takes the invitation.
pub async fn person(cloud: &Cloud, role: &str) -> Person {
    let path = invite(cloud, cloud, &format!("{role}@owls.example"), role).await;
    take(cloud, &path).await
}

/// Asks as somebody who is logged in, from one of our pages.
async fn ask(cloud: &Cloud, person: &Person, method: Method, path: &str, body: &Value) -> Answer {
    let request = cloud.request(method, path).header("cookie", &person.cookie);
    let request = request.header("x-csrf-token", &person.form_token);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    cloud.send(request).await
}

async fn log_in_path(cloud: &Cloud) -> String {
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    cloud.path(&listed["log_in"]).to_owned()
}

async fn log_in(cloud: &Cloud, email: &str, password: &str, code: &str) -> Answer {
    let path = log_in_path(cloud).await;
    let form = [("email", email), ("password", password), ("code", code)];
    post_form(cloud, &path, "", &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_taken_once_and_looking_at_it_takes_nothing() {
    let cloud = Cloud::start().await;
    let path = invite(&cloud, &cloud, "Ada@Owls.example", "box_office").await;
    let text = cloud.get(&path).await.text();
    let secret = between(&text, "id=\"secret\">", "<").to_owned();
    for (password, code, says) in [("short", "", "too short"), (PASSWORD, "000000", "not the one")] {
        let form = [
            ("password", password),
            ("one_time_secret", secret.as_str()),
            ("code", code),
        ];
        let refused = post_form(&cloud, &path, "", &form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(says) && refused.text().contains(&secret));
    }
    let ada = take(&cloud, &path).await;
    assert_eq!(ada.recovery.len(), 10);
    assert_eq!(cloud.get(&path).await.status, 404);
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    assert_eq!(listed["staff"][0]["email"], "ada@owls.example");
    assert_eq!(listed["invitations"], json!([]));
    let again = json!({"name": "Ada", "email": "ada@owls.example", "role": "viewer"});
    let again = cloud
        .organize(Method::POST, &format!("{STAFF}/invitations"), &again)
        .await;
    again.check_problem(409, "already-staff");
    // Another one ends after a week, or when it is taken back.
    let late = invite(&cloud, &cloud, "eve@owls.example", "viewer").await;
    cloud.clock.advance_ms(7 * 86_400_000);
    assert_eq!(cloud.get(&late).await.status, 404);
    let back = invite(&cloud, &cloud, "eve@owls.example", "viewer").await;
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    let id = listed["invitations"][0]["invitation_id"].as_str().unwrap();
    let withdraw = format!("{STAFF}/invitations/{id}");
    let withdrawn = cloud.organize(Method::DELETE, &withdraw, &Value::Null).await;
    assert_eq!(
        (withdrawn.status.as_u16(), cloud.get(&back).await.status.as_u16()),
        (204, 404)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_in_needs_address_password_and_a_code_that_nobody_has_used() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "manager").await;
    let email = "manager@owls.example";
    let used = code_now(&cloud, &ada.secret);
    let refused = log_in(&cloud, email, PASSWORD, &used).await;
    cloud.clock.advance_ms(STEP_MS);
    let right = code_now(&cloud, &ada.secret);
    for (email, password, code) in [
        ("nobody@owls.example", PASSWORD, right.as_str()),
        (email, "correct horse batterz", &right),
        (email, PASSWORD, "12345"),
    ] {
        let other = log_in(&cloud, email, password, code).await;
        assert_eq!((other.status.as_u16(), &other.bytes), (403, &refused.bytes));
        assert_eq!(other.header("set-cookie"), "");
    }
    let begun = log_in(&cloud, "Manager@owls.example", PASSWORD, &right).await;
    assert_eq!((begun.status.as_u16(), begun.header("location")), (303, "/staff"));
    let page = seen_by(&cloud, "/staff", &cookie_of(&begun)).await.text();
    assert_eq!(between(&page, "id=\"role\">", "<"), "manager");
    // A recovery code lets in once, and is not as much as a code of the app.
    let by_recovery = log_in(&cloud, email, PASSWORD, &ada.recovery[0]).await;
    let page = seen_by(&cloud, "/staff", &cookie_of(&by_recovery)).await.text();
    assert!(between(&page, "id=\"fresh\">", "<").contains("takes a code"));
    assert_eq!(
        log_in(&cloud, email, PASSWORD, &ada.recovery[0]).await.status,
        403
    );
    // After ten wrong codes with the right password no code is taken for a while.
    for _ in 0..10 {
        log_in(&cloud, email, PASSWORD, "wrong").await;
    }
    cloud.clock.advance_ms(60_000);
    let waits = log_in(&cloud, email, PASSWORD, &code_now(&cloud, &ada.secret)).await;
    assert_eq!((waits.status.as_u16(), &waits.bytes), (403, &refused.bytes));
    cloud.clock.advance_ms(15 * 60_000);
    assert_eq!(
        log_in(&cloud, email, PASSWORD, &code_now(&cloud, &ada.secret))
            .await
            .status,
        303
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_to_log_in_has_to_wait_and_other_sites_log_nobody_in() {
    let cloud = Cloud::start().await;
    let path = log_in_path(&cloud).await;
    let request = cloud
        .request(Method::POST, &path)
        .header("sec-fetch-site", "cross-site");
    let foreign = cloud.send_form(request, &[("email", "a@b.example")]).await;
    assert_eq!(foreign.status, 403);
    for _ in 0..20 {
        let wrong = log_in(&cloud, "ada@owls.example", PASSWORD, "000000").await;
        assert_eq!(wrong.status, 403);
    }
    let waits = log_in(&cloud, "ada@owls.example", PASSWORD, "000000").await;
    assert_eq!(waits.status, 429);
    for path in ["/staff/log-in/org_1", "/staff/invitations/uin_guess"] {
        assert_eq!(cloud.get(path).await.status, 404, "{path}");
    }
    assert_eq!(cloud.get("/staff").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_changes_nothing_for_another_site_and_ends_when_it_is_ended() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "manager").await;
    let venue = json!({"name": "Barn", "city": "Leipzig"});
    for token in ["", "0", &"0".repeat(64)] {
        let request = cloud.request(Method::POST, "/v1/organizer/venues").json(&venue);
        let request = request
            .header("cookie", &ada.cookie)
            .header("x-csrf-token", token);
        cloud.send(request).await.check_problem(403, "foreign-request");
    }
    ask(&cloud, &ada, Method::POST, "/v1/organizer/venues", &venue)
        .await
        .ok(201);
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("\"operation\":\"add_venue\",\"by\":\"stf_"),
        "{acts}"
    );
    assert!(!acts.contains("Ada") && !acts.contains("owls.example"), "{acts}");

    cloud.clock.advance_ms(STEP_MS);
    let code = code_now(&cloud, &ada.secret);
    let second = cookie_of(&log_in(&cloud, "manager@owls.example", PASSWORD, &code).await);
    let page = seen_by(&cloud, "/staff", &ada.cookie).await.text();
    let end = between(&page, "action=\"/staff/sessions/", "\"");
    let end = format!("/staff/sessions/{end}");
    for token in ["", "0"] {
        let foreign = post_form(&cloud, &end, &ada.cookie, &[("form_token", token)]).await;
        assert_eq!(foreign.status, 403);
    }
    let form = [("form_token", ada.form_token.as_str())];
    let ended = post_form(&cloud, &end, &ada.cookie, &form).await;
    assert_eq!((ended.status.as_u16(), ended.header("location")), (303, "/staff"));
    assert_eq!(seen_by(&cloud, "/staff", &second).await.status, 401);
    let gone = post_form(&cloud, "/staff/log-out", &ada.cookie, &form).await;
    assert_eq!(
        (gone.status.as_u16(), gone.header("location")),
        (303, log_in_path(&cloud).await.as_str())
    );
    let asked = seen_by(&cloud, "/v1/organizer/venues", &ada.cookie).await;
    asked.check_problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lets_others_in_or_moves_much_money_takes_a_fresh_code() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "owner").await;
    let event = cloud
        .event(|draft| draft["tiers"][0]["price"] = json!(60_000))
        .await;
    let bookings = [cloud.buy(&event, &[0]).await, cloud.buy(&event, &[1]).await];
    let refund = |booking: &Value| {
        let id = booking["booking_id"].as_str().unwrap();
        format!("/v1/organizer/events/{event}/bookings/{id}/refunds")
    };
    let key = json!({"name": "Till", "role": "viewer"});
    let keys = "/v1/organizer/api-keys";
    ask(&cloud, &ada, Method::POST, keys, &key).await.ok(201);
    cloud.clock.advance_ms(5 * 60_000);
    ask(&cloud, &ada, Method::POST, keys, &key)
        .await
        .check_problem(403, "fresh-code-needed");
    let small = json!({"tickets": [], "amount": 49_999, "idempotency_key": "small"});
    ask(&cloud, &ada, Method::POST, &refund(&bookings[0]), &small)
        .await
        .ok(201);
    let large = json!({"idempotency_key": "large"});
    let refused = ask(&cloud, &ada, Method::POST, &refund(&bookings[1]), &large).await;
    refused.check_problem(403, "fresh-code-needed");
    for (code, status) in [("000000", 403), (code_now(&cloud, &ada.secret).as_str(), 303)] {
        let form = [("form_token", ada.form_token.as_str()), ("code", code)];
        let proven = post_form(&cloud, "/staff/proof", &ada.cookie, &form).await;
        assert_eq!(proven.status, status, "{}", proven.text());
    }
    ask(&cloud, &ada, Method::POST, &refund(&bookings[1]), &large)
        .await
        .ok(201);
    ask(&cloud, &ada, Method::POST, keys, &key).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_counts_at_once_and_whoever_is_removed_is_out() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "manager").await;
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    let path = format!("{STAFF}/{}", listed["staff"][0]["staff_id"].as_str().unwrap());
    let venue = json!({"name": "Barn", "city": "Leipzig"});
    let changed = cloud
        .organize(Method::PATCH, &path, &json!({"role": "viewer"}))
        .await
        .ok(200);
    assert_eq!(changed["role"], "viewer");
    let refused = ask(&cloud, &ada, Method::POST, "/v1/organizer/venues", &venue).await;
    refused.check_problem(403, "not-allowed");
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("\"changed\":{\"role\":{\"before\":\"manager\",\"after\":\"viewer\"}}"),
        "{acts}"
    );
    let sessions = format!("{path}/sessions");
    let ended = cloud.organize(Method::DELETE, &sessions, &Value::Null).await;
    assert_eq!(ended.status, 204);
    assert_eq!(seen_by(&cloud, "/staff", &ada.cookie).await.status, 401);
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    assert_eq!(listed["staff"][0]["sessions"], 0);
    for status in [204, 404] {
        let removed = cloud.organize(Method::DELETE, &path, &Value::Null).await;
        assert_eq!(removed.status, status);
    }
    let nobody = cloud.organize(Method::DELETE, &sessions, &Value::Null).await;
    nobody.check_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_is_taken_out_by_a_key_alone() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "owner").await;
    let listed = cloud.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
    assert_eq!(listed["staff"][0]["sessions"], 1);
    let path = format!("{STAFF}/{}", listed["staff"][0]["staff_id"].as_str().unwrap());
    let viewer = json!({"role": "viewer"});
    let changed = ask(&cloud, &ada, Method::PATCH, &path, &viewer).await;
    changed.check_problem(409, "last-owner");
    let removed = ask(&cloud, &ada, Method::DELETE, &path, &Value::Null).await;
    removed.check_problem(409, "last-owner");
    // Somebody else may know the owner's password: whoever has the key of the organizer puts an end to it.
    let removed = cloud.organize(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(removed.status, 204);
    assert_eq!(seen_by(&cloud, "/staff", &ada.cookie).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_of_people_may_what_the_document_says_and_reaches_no_other_organizer() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let other = add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    let other = Client::new(base, other);
    let document = cloud.get("/openapi.json").await.ok(200);
    let routes = routes_under("/v1/organizer/", &document);
    let (mut refused, mut hidden) = (0, 0);
    for role in StaffRole::ALL {
        let own = person(&cloud, role.word()).await;
        let path = invite(&cloud, &other, "bat@bats.example", role.word()).await;
        let bat = take(&cloud, &path).await;
        for (method, path) in &routes {
            let described = &document["paths"][path][method.as_str().to_lowercase()];
            let roles = described["x-usher-roles"].as_array().unwrap();
            let filled = address(path, &event, &booking);
            let answer = ask(&cloud, &own, method.clone(), &filled, &Value::Null).await;
            let told = format!("{role:?} {method} {path}: {}", answer.text());
            if roles.contains(&json!(role)) {
                let status = answer.status.as_u16();
                assert!(status < 500 && status != 403 && status != 401, "{told}");
                assert!(!answer.text().contains("event of yours"), "{told}");
            } else {
                answer.check_problem(403, "not-allowed");
                refused += 1;
            }
            if path.contains("{event_id}") && roles.contains(&json!(role)) {
                let foreign = ask(&cloud, &bat, method.clone(), &filled, &Value::Null).await;
                let problem = foreign.check_problem(404, "not-found");
                assert_eq!(problem["detail"], "There is no such event of yours.", "{told}");
                hidden += 1;
            }
        }
        let listed = other.organize(Method::GET, STAFF, &Value::Null).await.ok(200);
        let bat = listed["staff"][0]["staff_id"].as_str().unwrap();
        let foreign = cloud
            .organize(Method::DELETE, &format!("{STAFF}/{bat}"), &Value::Null)
            .await;
        foreign.check_problem(404, "not-found");
        let removed = other
            .organize(Method::DELETE, &format!("{STAFF}/{bat}"), &Value::Null)
            .await;
        assert_eq!(removed.status, 204);
    }
    assert!(
        refused >= 60 && hidden >= 60,
        "{refused} were refused, {hidden} hidden"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_counter_is_for_whoever_sells_there() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = invite(&cloud, &cloud, "till@example.org", "box_office").await;
    let clerk = take(&cloud, &path).await;
    let counter = format!("/staff/events/{event}/counter");
    let page = seen_by(&cloud, &counter, &clerk.cookie).await.text();
    assert!(page.contains("Open a till"), "{page}");
    let tills = format!("/v1/organizer/events/{event}/tills");
    let open = cloud
        .request(Method::POST, &tills)
        .header("cookie", &clerk.cookie)
        .header("x-csrf-token", &clerk.form_token)
        .json(&json!({"name": "North", "cash": 0}));
    let till = cloud.send(open).await.ok(201);
    let page = seen_by(&cloud, &counter, &clerk.cookie).await.text();
    let named = format!("data-till=\"{}\"", till["till_id"].as_str().unwrap());
    assert!(
        page.contains(&named) && page.contains("Take the money and sell"),
        "{page}"
    );
    let path = invite(&cloud, &cloud, "viewer@example.org", "viewer").await;
    let viewer = take(&cloud, &path).await;
    assert_eq!(seen_by(&cloud, &counter, &viewer.cookie).await.status, 403);
    assert_eq!(seen_by(&cloud, &counter, "").await.status, 401);
}

const NEW_PASSWORD: &str = "another horse battery";

async fn change_password(cloud: &Cloud, of: &Person, (old, new): (&str, &str), code: &str) -> Answer {
    let form = [
        ("form_token", of.form_token.as_str()),
        ("password", old),
        ("new_password", new),
        ("code", code),
    ];
    post_form(cloud, "/staff/password", &of.cookie, &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_changes_their_password_with_the_old_one_and_a_code_and_is_alone_then() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "manager").await;
    let email = "manager@owls.example";
    cloud.clock.advance_ms(STEP_MS);
    let elsewhere = log_in(&cloud, email, PASSWORD, &code_now(&cloud, &ada.secret)).await;
    let elsewhere = cookie_of(&elsewhere);
    cloud.clock.advance_ms(STEP_MS);
    let code = code_now(&cloud, &ada.secret);
    let passwords = (PASSWORD, NEW_PASSWORD);
    assert_eq!(seen_by(&cloud, "/staff", &elsewhere).await.status, 200);
    let changed = change_password(&cloud, &ada, passwords, &code).await;
    assert_eq!(changed.status, 303);
    // The code was used up with it.
    let again = change_password(&cloud, &ada, (NEW_PASSWORD, PASSWORD), &code).await;
    assert_eq!(again.status, 403);
    assert_eq!(seen_by(&cloud, "/staff", &elsewhere).await.status, 401);
    let page = seen_by(&cloud, "/staff", &ada.cookie).await.text();
    assert!(page.contains("Your last code is fresh"), "{page}");
    cloud.clock.advance_ms(STEP_MS);
    let old = log_in(&cloud, email, PASSWORD, &code_now(&cloud, &ada.secret)).await;
    assert_eq!(old.status, 403);
    let with_new = log_in(&cloud, email, NEW_PASSWORD, &code_now(&cloud, &ada.secret)).await;
    assert_eq!(with_new.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_an_open_browser_changes_no_password() {
    let cloud = Cloud::start().await;
    let ada = person(&cloud, "manager").await;
    cloud.clock.advance_ms(STEP_MS);
    let code = code_now(&cloud, &ada.secret);
    let short = change_password(&cloud, &ada, (PASSWORD, "short"), &code).await;
    assert_eq!(short.status, 422);
    for (old, code) in [("wrong horse battery", code.as_str()), (PASSWORD, "000000")] {
        let refused = change_password(&cloud, &ada, (old, NEW_PASSWORD), code).await;
        assert_eq!(refused.status, 403);
        assert!(
            refused.text().contains("nothing was changed"),
            "{}",
            refused.text()
        );
    }
    // A recovery code is for coming in.
    let recovered = change_password(&cloud, &ada, (PASSWORD, NEW_PASSWORD), &ada.recovery[0]).await;
    assert_eq!(recovered.status, 403);
    let foreign = Person {
        form_token: "0".into(),
        cookie: ada.cookie.clone(),
        secret: Vec::new(),
        recovery: Vec::new(),
    };
    let foreign = change_password(&cloud, &foreign, (PASSWORD, NEW_PASSWORD), &code).await;
    assert_eq!(foreign.status, 403);
    // Nor by trying passwords: each wrong one counts as a wrong code.
    for _ in 0..10 {
        let wrong = change_password(&cloud, &ada, ("wrong horse battery", NEW_PASSWORD), "").await;
        assert_eq!(wrong.status, 403);
    }
    cloud.clock.advance_ms(STEP_MS);
    let code = code_now(&cloud, &ada.secret);
    let waits = change_password(&cloud, &ada, (PASSWORD, NEW_PASSWORD), &code).await;
    assert_eq!(waits.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_how_much_on_a_refund_takes_a_fresh_code_is_a_setting() {
    let cloud = Cloud::with(|config| config.payments.large_refund = 40).await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let ada = person(&cloud, "manager").await;
    let refund = format!(
        "/v1/organizer/events/{event}/bookings/{}/refunds",
        booking["booking_id"].as_str().unwrap()
    );
    cloud.clock.advance_ms(300_000);
    let request =
        |amount: i64| json!({"tickets": [], "amount": amount, "idempotency_key": format!("refund {amount}")});
    let large = ask(&cloud, &ada, Method::POST, &refund, &request(4_000)).await;
    large.check_problem(403, "fresh-code-needed");
    ask(&cloud, &ada, Method::POST, &refund, &request(3_999))
        .await
        .ok(201);
}
