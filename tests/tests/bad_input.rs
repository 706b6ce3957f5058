//! What no honest client, ticket, disk or settings file would bring: each gets a clear answer, and nothing is lost by it.

mod bad_input {
    pub mod cloud_disks;
    pub mod cloud_requests;
    pub mod cloud_settings;
    pub mod cloud_texts;
    pub mod codes;
    pub mod copies;
    pub mod hub_disks;
    pub mod hub_requests;
    pub mod hub_settings;
}
