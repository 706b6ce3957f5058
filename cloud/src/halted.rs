//! Events of which nothing is sold or ordered, because the store may be an older copy: said until somebody has resumed them.

use usher_words::server;

use crate::authority::event::EventAuthority;
use crate::state::AppState;
use crate::store::StoreError;

/// Says for which events this server sells and orders nothing; `None` if there are none.
///
/// # Errors
///
/// [`StoreError`].
pub async fn warning(app: &AppState) -> Result<Option<String>, StoreError> {
    let now = app.clock.now();
    let mut names = Vec::new();
    for authority in app.authorities.all().iter().filter(|one| is_halted(one)) {
        let event = app.store.event(authority.event()).await?;
        names.extend(event.filter(|event| !event.is_over(now)).map(|event| event.name));
    }
    Ok((!names.is_empty()).then(|| server::halted(&names)))
}

fn is_halted(authority: &EventAuthority) -> bool {
    authority.view().is_halted()
}
