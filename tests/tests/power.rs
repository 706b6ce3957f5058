//! Power cuts and disks that fail, under hubs and clouds as programs: their data is on a file system of ours that forgets what was not synced. Kills without a power cut are in `crash` and `kills`.

mod power {
    pub mod cloud;
    pub mod disk;
    pub mod errors;
    pub mod forgetting;
    pub mod hub;
    pub mod mount;
    pub mod site;
}
