//! A scanner that is a page: its replica, its way of a scan and its eyes; what the browser does (drawing, sending, storing) is the page's.
//!
//! It is pure: time, randomness and what arrives come in as arguments, what is to be done goes out as [`page_scanner::Todo`].
//!
//! Begin with [`page_scanner::PageScanner`]; [`border`] is what the page sees of it.

pub mod border;
pub mod enrolment;
pub mod eyes;
pub mod file;
pub mod frames;
pub mod link;
pub mod logs;
pub mod page_scanner;
pub mod page_status;
pub mod replica;
pub mod scan_way;
