//! Passages by other sellers' codes that reach the cloud before their list does.

use usher_protocol::ident::FIRST_FOREIGN_UNIT;
use usher_protocol::state::foreign::MAX_UNLISTED_OF_LOG;
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::{TierId, Unit};

use super::hub::Hub;
use super::scene::{Scene, key};
use crate::selling::imports::ImportedCode;

#[tokio::test]
async fn a_passage_that_found_no_room_to_wait_counts_once_its_code_is_listed() {
    let scene = Scene::open().await;
    // Its log sorts before nearly every authority's.
    let seed = (1..=u8::MAX).min_by_key(|seed| key(*seed).public()).unwrap();
    let mut hub = Hub::new(&scene, seed).await;
    let invented = (0..MAX_UNLISTED_OF_LOG).map(|number| {
        let unit = FIRST_FOREIGN_UNIT.0 + 1_000 + u32::try_from(number).unwrap();
        (format!("INVENTED-{number}"), Unit(unit))
    });
    let mut codes: Vec<_> = invented.collect();
    codes.push(("LISTED LATER".to_owned(), FIRST_FOREIGN_UNIT));
    scene.authority().take_in(hub.scan_listed(&codes)).await.unwrap();
    let passages = async || {
        let authority = scene.authority();
        let passages = authority.ask(|writer| {
            Box::pin(async move { Ok(writer.state().await?.passages(FIRST_FOREIGN_UNIT).count()) })
        });
        passages.await.unwrap()
    };
    assert_eq!(passages().await, 0);
    let code = ImportedCode {
        identity: identify(b"LISTED LATER").unwrap(),
        tier: TierId(1),
        admits: 1,
        used: None,
        is_void: false,
    };
    let authority = scene.authority();
    let counts = authority.ask(move |writer| {
        let code = code.clone();
        Box::pin(async move { writer.list_codes(&[code], &[]).await })
    });
    assert_eq!(counts.await.unwrap().new, 1);
    assert_eq!(passages().await, 1);
    authority.ask(|writer| Box::pin(writer.catch_up())).await.unwrap();
    assert_eq!(passages().await, 1, "read once more, it is the same");
}
