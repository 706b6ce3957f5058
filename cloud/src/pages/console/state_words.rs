//! How an event stands, in a word for its organizer.

/// Says how an event stands, of which the API says so.
pub fn words_of(status: &str, sale: Option<&str>) -> &'static str {
    match (status, sale) {
        ("draft", _) => "draft",
        (_, Some("on_sale")) => "on sale",
        (_, Some("not_yet")) => "sells later",
        (_, Some("stopped")) => "sale stopped",
        (_, Some("paused")) => "sale paused: keys to sign",
        (_, Some("over")) => "over",
        (_, Some("canceled")) => "cancelled",
        _ => "published",
    }
}
