//! The language of buyers' pages: chosen by the address, kept by a cookie, else the browser's; told to caches and search engines.

use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, COOKIE};

use super::client::{Answer, Cloud};

async fn seen(cloud: &Cloud, path: &str, said: &[(reqwest::header::HeaderName, &str)]) -> Answer {
    let request = said
        .iter()
        .fold(cloud.request(Method::GET, path), |request, (name, value)| {
            request.header(name, *value)
        });
    cloud.send(request).await
}

#[tokio::test]
async fn a_page_speaks_the_language_of_the_browser_unless_another_one_was_chosen() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/events/{event}");
    let english = cloud.get(&path).await;
    assert!(english.text().contains("<html lang=\"en\" dir=\"ltr\">"));
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.header("vary"), "Accept-Language, Cookie");
    assert_eq!(english.header("cache-control"), "no-store");

    let german = seen(&cloud, &path, &[(ACCEPT_LANGUAGE, "nl, de;q=0.9, en;q=0.8")]).await;
    assert_eq!(german.header("content-language"), "de");
    let german = german.text();
    for says in [
        "<html lang=\"de\" dir=\"ltr\">",
        "Tickets auswählen",
        "45,00\u{a0}€",
        "Fr., 4. Juni 2027, 18:00 Uhr",
    ] {
        assert!(german.contains(says), "{says}: {german}");
    }

    let chosen = seen(&cloud, &format!("{path}?lang=ar"), &[(ACCEPT_LANGUAGE, "de")]).await;
    assert!(chosen.text().contains("<html lang=\"ar\" dir=\"rtl\">"));
    let cookie = chosen.header("set-cookie");
    assert_eq!(
        cookie,
        "usher_language=ar; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    );
    let kept = cookie.split("; ").next().unwrap();
    let next = seen(&cloud, "/", &[(COOKIE, kept), (ACCEPT_LANGUAGE, "de")]).await;
    assert_eq!(
        (next.header("content-language"), next.header("set-cookie")),
        ("ar", "")
    );
    let unknown = seen(&cloud, "/?lang=tlh", &[(ACCEPT_LANGUAGE, "es")]).await;
    assert_eq!((unknown.status.as_u16(), unknown.header("set-cookie")), (200, ""));
    assert!(unknown.text().contains("A la venta"));
}

#[tokio::test]
async fn a_search_stays_what_it_is_in_another_language_and_search_engines_find_them_all() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let found = cloud.get("/?keyword=owls&lang=fr").await.text();
    assert!(
        found.contains("En vente")
            && found.contains(&event)
            && found.contains("href=\"?keyword=owls&#38;lang=es\""),
        "{found}"
    );
    let page = cloud.get(&format!("/events/{event}")).await.text();
    for tag in ["en", "de", "fr", "es", "ar"] {
        let alternate = format!("hreflang=\"{tag}\" href=\"");
        assert!(
            page.contains(&alternate) && page.contains(&format!("/events/{event}?lang={tag}\">")),
            "{page}"
        );
    }
    assert!(page.contains("hreflang=\"x-default\""), "{page}");
}

#[tokio::test]
async fn a_buyer_reads_booking_ticket_and_what_went_wrong_in_their_language() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let page = seen(&cloud, cloud.path(&booking["page"]), &[(ACCEPT_LANGUAGE, "fr")]).await;
    assert!(page.text().contains("Vos billets") && page.text().contains("rang A, place 1"));
    let ticket = cloud.path(&booking["tickets"][0]["links"]["page"]);
    let page = seen(&cloud, &format!("{ticket}?lang=es"), &[]).await;
    assert!(page.text().contains("Código de la entrada") && page.text().contains("fila A, asiento 1"));

    let nowhere = "/events/evt_00000000000000000000000000";
    let missing = seen(&cloud, nowhere, &[(ACCEPT_LANGUAGE, "de")]).await;
    assert_eq!(
        (missing.status.as_u16(), missing.header("content-language")),
        (404, "de")
    );
    assert!(missing.text().contains("Nicht gefunden") && missing.text().contains("Prüfen Sie die Adresse"));
    assert!(
        cloud
            .get(nowhere)
            .await
            .text()
            .contains("There is no such event on sale.")
    );
    // What cannot be read at all is told as a page too, which may load its own style.
    for damaged in ["/tickets/tkt_trunc", "/?utm_source=x", "/events/abc"] {
        let page = seen(&cloud, damaged, &[(ACCEPT_LANGUAGE, "de")]).await;
        assert!(page.status.is_client_error(), "{damaged}: {}", page.text());
        assert!(page.header("content-type").starts_with("text/html"), "{damaged}");
        assert!(
            page.header("content-security-policy")
                .contains("style-src 'self'"),
            "{damaged}"
        );
        assert!(page.text().contains("lang=\"de\""), "{damaged}: {}", page.text());
    }
    // What staff read stays English.
    let staff = seen(&cloud, "/staff", &[(ACCEPT_LANGUAGE, "de")]).await;
    assert!(!staff.text().contains("lang=\"de\""));
}
